# The Markdown table of a comparison: medians, ratios to the better peer and to the relay, and whether what is required is met.
import statistics

NAMES = ["aldis", "prosody", "ejabberd", "relay"]
ARCHIVE_NAMES = ["aldis", "prosody-sqlite", "ejabberd-sqlite", "prosody-files", "ejabberd-mnesia"]  # with `compare --archive`
PEERS = ["prosody", "ejabberd", "prosody-sqlite", "ejabberd-sqlite"]  # whose better one is the measure: these sync, as we do
FILES = "prosody-files"
FAULTS = ["lost", "duplicated", "reordered", "refused", "failed", "misplaced", "errors", "not_resumed"]


def markdown(scenarios, reports, names=NAMES):
    """reports: (scenario name, server name) -> list of the generator's reports, none of them empty."""
    rows = ["| scenario | unit | " + " | ".join(names) + " | to better peer | to relay | required | met |",
            "|" + "---|" * (len(names) + 6)]
    every = {scenario.name: scenario for scenario in scenarios}
    for scenario in scenarios:
        runs = {name: reports.get((scenario.name, name)) for name in set(names) | set(NAMES)}
        values = {name: value(scenario, runs[name]) for name in runs}
        peer = better(values[name] for name in PEERS if name in values)
        cells = [cell(scenario, runs[name], values[name]) for name in names]
        rows.append("| " + " | ".join([
            scenario.title, scenario.unit, *cells, ratio(values["aldis"], peer), ratio(values["aldis"], values["relay"]),
            required(scenario), met(scenario, runs["aldis"], peer, values["relay"], values.get(FILES),
                                    own_other(scenario, every, reports), runs)]) + " |")
    return "\n".join(rows)


LINKS = ["aldis-aldis", "aldis-prosody", "prosody-prosody"]  # `compare --federation`: the servers of its two domains


def federation(scenarios, reports):
    """The table of links; reports: (scenario name, link) -> list of the generator's reports."""
    rows = ["| scenario | link | figure | of the other server | messages/s | p99 ms | required of Aldis | met |", "|" + "---|" * 8]
    for scenario in scenarios:
        peer = min(sides(scenario, reports.get((scenario.name, LINKS[-1]))), default=None)
        for link in LINKS:
            runs = reports.get((scenario.name, link))
            if not runs:
                continue
            mine = sides(scenario, runs)
            limits = scenario.requirement.limits(peer, None)
            is_ours = link.startswith("aldis")
            good = ""
            if is_ours and limits:
                ours = mine if link == "aldis-aldis" else mine[:1]
                good = "yes" if all(0 < each <= limit for each in ours for limit, _ in limits) and not faults(runs) else "no"
            median = lambda name: statistics.median(r[name] for r in runs)
            rows.append("| " + " | ".join([
                scenario.title, link, f"{number(mine[0])} {scenario.unit}" + (f" **{faults(runs)} faults**" if faults(runs) else ""),
                number(mine[1]) if len(mine) > 1 else "", number(median("messages") / median("seconds")),
                number(median("delay_p99_us") / 1000), scenario.requirement.words().replace("the better peer", "prosody to prosody") if is_ours else "",
                good]) + " |")
    return "\n".join(rows)


def sides(scenario, runs):
    """The figure, of CPU that of both servers, the first one's first."""
    figures = [scenario.figure] + ([scenario.figure.replace("server_", "other_")] if scenario.figure.startswith("server_") else [])
    return [statistics.median(r[name] for r in runs) / scenario.divisor for name in figures] if runs else []


def federation_figures(scenario, runs):
    return " and ".join(number(each) for each in sides(scenario, runs)) + f" {scenario.unit}, {faults(runs)} faults"


def better(figures, best=min):
    return best((f for f in figures if f is not None), default=None)


def own_other(scenario, every, reports):
    """Aldis's figure in the scenario that this one is compared with; None when there is none, or it was not measured."""
    other = every.get(scenario.requirement.of_own[0]) if scenario.requirement.of_own else None
    return value(other, reports.get((other.name, "aldis"))) if other else None


def value(scenario, runs):
    return statistics.median(r[scenario.figure] for r in runs) / scenario.divisor if runs else None


def second(scenario, runs):
    """The median of the scenario's other figure; None where it has none."""
    if not scenario.second or not runs or not all(scenario.second[0] in r for r in runs):
        return None
    return statistics.median(r[scenario.second[0]] for r in runs)


def faults(runs):
    return sum(r.get(kind, 0) for r in runs for kind in FAULTS)


def required(scenario):
    words = scenario.requirement.words()
    if scenario.second and scenario.second[2]:
        words += f", {scenario.second[1]} ≤ {scenario.second[2]:,g}"
    if scenario.second_of_peer:
        words += f", {scenario.second[1]} ≥ {scenario.second_of_peer:g} × the better peer"
    if scenario.second_of_files:
        words += f", {scenario.second[1]} ≥ {scenario.second_of_files:g} × prosody's files"
    if scenario.second_at_most_of_peer:
        words += f", {scenario.second[1]} ≤ 1/{round(1 / scenario.second_at_most_of_peer)} of the better peer"
    return words


def met(scenario, runs, peer, relay, files=None, own=None, all_runs=None):
    """"yes" or "no"; "" where nothing is required, where Aldis or what it is compared with was not measured."""
    mine = value(scenario, runs)
    limits = scenario.requirement.limits(peer, relay, files, own)
    if mine is None or len(limits) < scenario.requirement.count() or not limits:
        return ""
    other = second(scenario, runs)
    good = (all(0 <= mine <= limit for limit, _ in limits) and not faults(runs) and
            not (scenario.second and scenario.second[2] and (other is None or other > scenario.second[2])))
    for factor, names in ((scenario.second_of_peer, PEERS), (scenario.second_of_files, [FILES])):
        if factor:
            theirs = better((second(scenario, (all_runs or {}).get(name)) for name in names), max)
            if theirs is None:
                return ""
            good = good and other is not None and other >= factor * theirs
    if scenario.second_at_most_of_peer:
        theirs = better(second(scenario, (all_runs or {}).get(name)) for name in PEERS)
        if theirs is None:
            return ""
        good = good and other is not None and other <= scenario.second_at_most_of_peer * theirs
    return "yes" if good else "no"


def cell(scenario, runs, mine):
    if mine is None:
        return "–"
    text = number(mine)
    other = second(scenario, runs)
    if other is not None:
        text += f" ({scenario.second[1]} {number(other)})"
    return text + (f" **{faults(runs)} faults**" if faults(runs) else "")


def ratio(mine, other):
    if mine is None or not other or mine < 0:
        return ""
    quotient = mine / other
    return f"1/{1 / quotient:.1f}" if 0 < quotient < 0.67 else f"{quotient:.2f}"


def number(value_):
    return f"{value_:,.0f}" if abs(value_) >= 1000 else f"{value_:.3g}"
