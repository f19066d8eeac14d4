// xmpp.js (@xmpp/client) meets the server; see ../run.py for what happens. Any failure or silence ends with code 1.
// NODE_EXTRA_CA_CERTS must name the authority: the script starts itself again with it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { client, jid, xml } from "@xmpp/client";

const patience = 20_000;
const input = process.env.SCENARIO ?? readFileSync(0, "utf8");
const scenario = JSON.parse(input);
if (process.env.NODE_EXTRA_CA_CERTS !== scenario.ca_file) {
  const env = { ...process.env, SCENARIO: input, NODE_EXTRA_CA_CERTS: scenario.ca_file };
  process.exit(spawnSync(process.execPath, [process.argv[1]], { env, stdio: ["ignore", "inherit", "inherit"] }).status ?? 1);
}

// The refused login's rejection may come twice. start() makes a promise of being online (which an error rejects) before it has
// awaited the server's stream header, and hands it to its caller only then. The header can come before the callback of the
// write it answers; start() then still waits for a header when SASL fails, so it rejects with the error itself, and nobody
// ever sees the other promise (@xmpp/connection 0.13.1: start, open). That one error object may pass, no other.
const refusals = new Set();
process.on("unhandledRejection", (reason) => {
  if (refusals.has(reason)) return;
  console.error("rejected, and nobody looked:", reason);
  process.exit(1);
});

function assert(condition, what) {
  if (!condition) throw new Error(what);
}

// A client that keeps the stanzas it receives, so that one can wait for them.
class Person {
  constructor(who, password = who.password, credentials = undefined) {
    const address = jid(who.jid);
    const scheme = scenario.transport === "direct" ? "xmpps" : "xmpp";
    this.bare = who.jid;
    this.stanzas = [];
    this.waiting = new Set();
    this.xmpp = client({
      service: `${scheme}://${scenario.host}:${scenario.port}`, domain: address.domain, username: address.local, password,
      ...(credentials && { credentials }),
    });
    this.xmpp.reconnect.stop();
    this.errors = [];
    this.xmpp.on("error", (error) => this.errors.push(error));
    this.xmpp.on("stanza", (stanza) => {
      this.stanzas.push(stanza);
      for (const look of [...this.waiting]) look();
    });
    // RFC 6121 2.1.6: a roster push gets an answer.
    this.xmpp.iqCallee.set("jabber:iq:roster", "query", () => true);
  }

  async logIn() {
    await this.xmpp.start();
    this.full = this.xmpp.jid.toString();
    await this.ask("get", xml("query", "jabber:iq:roster"));
    await this.xmpp.send(xml("presence"));
    await this.receives("my own presence", (s) => s.is("presence") && s.attrs.from === this.full);
    return this;
  }

  ask(type, payload, to) {
    return this.xmpp.iqCaller.request(xml("iq", { type, to }, payload), patience);
  }

  // Takes the first stanza that fits out of those received.
  receives(what, fits) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error(`${this.bare}: waited in vain for ${what}; has ${this.stanzas.join("\n")}`));
      }, patience);
      const look = () => {
        const index = this.stanzas.findIndex(fits);
        if (index < 0) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(this.stanzas.splice(index, 1)[0]);
      };
      this.waiting.add(look);
      look();
    });
  }

  presence(other, type, condition = () => true) {
    return this.receives(`${type ?? "available"} presence of ${other}`, (s) => s.is("presence") && s.attrs.type === type
      && s.attrs.from.split("/")[0] === other && condition(s));
  }

  async hears(from, body) {
    const message = await this.receives(`"${body}"`, (s) => s.is("message") && s.getChild("body"));
    assert(message.attrs.from === from && message.getChildText("body") === body, `heard ${message}`);
  }
}

// xmpp.js has no registration of its own. It asks for credentials after the features and before SASL: the place for it.
async function register(newcomer) {
  let registered = false;
  const person = new Person(newcomer, newcomer.password, async (authenticate, mechanism) => {
    const account = { username: jid(newcomer.jid).local, password: newcomer.password };
    await person.ask("set", xml("query", "jabber:iq:register", xml("username", {}, account.username),
      xml("password", {}, account.password)));
    registered = true;
    await authenticate(account, mechanism);
  });
  await person.logIn();
  assert(registered, "registration did not happen");
  await person.xmpp.stop();
}

async function meet() {
  await register(scenario.newcomer);
  const juliet = await new Person(scenario.juliet).logIn();
  const romeo = await new Person(scenario.romeo).logIn();

  for (const [asker, asked] of [[romeo, juliet], [juliet, romeo]]) {
    await asker.xmpp.send(xml("presence", { to: asked.bare, type: "subscribe" }));
    await asked.presence(asker.bare, "subscribe");
    await asked.xmpp.send(xml("presence", { to: asker.bare, type: "subscribed" }));
    await asker.presence(asked.bare, "subscribed");
    await asker.presence(asked.bare, undefined);
  }
  for (const [person, other] of [[romeo, juliet], [juliet, romeo]]) {
    const roster = await person.ask("get", xml("query", "jabber:iq:roster"));
    const item = roster.getChild("query").getChildren("item").find((each) => each.attrs.jid === other.bare);
    assert(item?.attrs.subscription === "both", `roster of ${person.bare}: ${roster}`);
  }

  await juliet.xmpp.send(xml("presence", {}, xml("show", {}, "away"), xml("status", {}, "At the window")));
  await romeo.presence(juliet.bare, undefined, (s) => s.getChildText("show") === "away"
    && s.getChildText("status") === "At the window");

  const line = "But soft! <what> light? \u00e9";
  await romeo.xmpp.send(xml("message", { to: juliet.full, type: "chat" }, xml("body", {}, line)));
  await juliet.hears(romeo.full, line);
  await juliet.xmpp.send(xml("message", { to: romeo.full, type: "chat" }, xml("body", {}, "Ay me!")));
  await romeo.hears(juliet.full, "Ay me!");

  const changed = { ...scenario.juliet, password: "a new & longer password" };
  await juliet.ask("set", xml("query", "jabber:iq:register", xml("username", {}, "juliet"),
    xml("password", {}, changed.password)), "capulet.example");
  await juliet.xmpp.stop();
  await romeo.presence(juliet.bare, "unavailable");
  const refused = new Person(scenario.juliet);
  refused.xmpp.on("error", (error) => {
    if (error.name === "SASLError" && error.condition === "not-authorized") refusals.add(error);
  });
  const condition = await refused.xmpp.start().then(() => "none", (error) => error.condition);
  assert(condition === "not-authorized", `with the old password: ${condition}`);
  await refused.xmpp.stop();
  const again = await new Person(changed).logIn();
  await romeo.presence(juliet.bare, undefined);
  await again.xmpp.stop();
  await romeo.xmpp.stop();
}

try {
  await meet();
  process.exit(0);
} catch (error) {
  console.error(error);
  process.exit(1);
}
