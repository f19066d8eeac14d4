# The Markdown table of a comparison: medians, ratios to the better peer and to the relay, and whether what is required is met.
import statistics

NAMES = ["aldis", "prosody", "ejabberd", "relay"]
FAULTS = ["lost", "duplicated", "reordered", "refused", "failed", "misplaced", "errors"]


def markdown(scenarios, reports):
    """reports: (scenario name, server name) -> list of the generator's reports, none of them empty."""
    rows = ["| scenario | unit | " + " | ".join(NAMES) + " | to better peer | to relay | required | met |",
            "|" + "---|" * (len(NAMES) + 6)]
    for scenario in scenarios:
        values = {name: value(scenario, reports.get((scenario.name, name))) for name in NAMES}
        peer = min((values[name] for name in ("prosody", "ejabberd") if values[name] is not None), default=None)
        cells = [cell(scenario, reports.get((scenario.name, name)), values[name]) for name in NAMES]
        rows.append("| " + " | ".join([
            scenario.title, scenario.unit, *cells, ratio(values["aldis"], peer), ratio(values["aldis"], values["relay"]),
            required(scenario), met(scenario, reports.get((scenario.name, "aldis")), peer, values["relay"])]) + " |")
    return "\n".join(rows)


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
    return words


def met(scenario, runs, peer, relay):
    """"yes" or "no"; "" where nothing is required, where Aldis or what it is compared with was not measured."""
    mine = value(scenario, runs)
    limits = scenario.requirement.limits(peer, relay)
    if mine is None or len(limits) < scenario.requirement.count() or not limits:
        return ""
    other = second(scenario, runs)
    good = (all(0 <= mine <= limit for limit, _ in limits) and not faults(runs) and
            not (scenario.second and scenario.second[2] and (other is None or other > scenario.second[2])))
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
