package cost

import (
	"fmt"
	"strings"

	"cedula/infra/bench/page"
	"cedula/infra/bench/registry"
)

// Page is cost.md.
func Page(items []Item, accessLine int) string {
	var text strings.Builder
	text.WriteString("# What it costs, and what it asks of AWS's quotas\n\n" +
		"Made by `make bench` from what the embedded table and the log counted; a test holds this page against a fresh count.\n" +
		"Do not edit it: change `infra/bench/cost`.\n\n")
	for _, s := range []page.Section{bills(items, accessLine), assumptions(accessLine), mixes(items, accessLine), quotas(items), tenants()} {
		text.WriteString(s.Markdown())
	}
	return strings.TrimRight(text.String(), "\n") + "\n"
}

func bills(items []Item, accessLine int) page.Section {
	t := page.Table{Head: []string{"operation", "calls", "WRU", "RRU", "ms", "log bytes", "gateway", "Lambda", "table", "logs", "other", "sum"}}
	for _, i := range items {
		b, line := i.Bill(accessLine), i.LogBytes
		if i.Gateway {
			line += accessLine
		}
		t.Row(i.Dialect+": "+i.Name, i.Total(), fmt.Sprintf("%g", i.Units.Write), fmt.Sprintf("%g", i.Units.Read), fmt.Sprintf("%.1f", i.Millis()),
			line, b.Gateway, b.Lambda, b.Table, b.Logs, b.Other, b.Sum())
	}
	return page.Section{
		Title: "Dollars per million", Tables: []page.Table{t},
		Intro: "List prices, us-east-1, first tier, no free tier. Calls and units are of the table; ms is how long Lambda is assumed to run.",
		Notes: []string{
			"The function of an authorizer is not called for each request: API Gateway keeps its answer for 30 s. At one request a second of one credential it is called for one request in 30, at ten for one in 300. Its rows are per call of it.",
			"A replay is refused by the table's conditions. The embedded table counts no unit for that; DynamoDB charges the transaction, so the table's price has " + fmt.Sprint(refusedUnits) + " WRU.",
			"The first page of Conomy's list counts the tenant's identities, up to 10,000 of them, at most once a minute in each process: the units grow with the list until there, and are of the size that the count was taken at (1,000).",
			"A run that removes lapsed identities does many, 64 at a time: an identity's row has its share of the time, and no request. A message's has a request of its own, though the stream hands over several at once. A reminder is a message, and about what it takes to start a verification.",
			"\"Other\": X-Ray's traces; KMS for a login; SES for a message (a text message costs what SNS asks for the country: cents, not parts of one).",
			"Not in it: storage, backups and streams of the table, alarms, metrics by method, the customer-managed keys (a dollar a month each), what leaves AWS.",
		},
	}
}

func assumptions(accessLine int) page.Section {
	t := page.Table{Head: []string{"what", "how much"}}
	t.Row("API Gateway, REST, a million requests", dollars(gatewayRequest*1e6))
	t.Row("Lambda, a million requests", dollars(lambdaRequest*1e6))
	t.Row("Lambda, arm64, a GB-second", fmt.Sprintf("$%.10f", lambdaSecond))
	t.Row("CloudWatch Logs, a GB taken in", dollars(logByte*1e9))
	t.Row("DynamoDB, a million WRU", fmt.Sprintf("$%.3f", writeUnit*1e6))
	t.Row("DynamoDB, a million RRU", fmt.Sprintf("$%.3f", readUnit*1e6))
	t.Row("KMS, ten thousand requests", dollars(kmsRequest*1e4))
	t.Row("X-Ray, a million traces", fmt.Sprintf("%s, of %g %% of requests", dollars(trace*1e6), tracedShare*100))
	t.Row("SES, a thousand messages", dollars(email*1e3))
	t.Row("memory of a function", fmt.Sprintf("%g GB", memoryGB))
	t.Row("our code and the runtime's, warm", fmt.Sprintf("%g ms", handlerMillis))
	t.Row("a Get or a Query / a put / a transaction / a signature", fmt.Sprintf("%g / %g / %g / %g ms", readMillis, writeMillis, transMillis, kmsMillis))
	t.Row("a message by SES / our code for one of many in a run", fmt.Sprintf("%g / %g ms", sendMillis, manyMillis))
	t.Row("a line of the gateway's access log, with CloudWatch's 26", fmt.Sprintf("%d bytes", accessLine))
	return page.Section{
		Title: "Prices and assumptions", Tables: []page.Table{t},
		Notes: []string{"The milliseconds are assumed: nothing was deployed to measure them. Ten milliseconds more are " + dollars(0.010*memoryGB*lambdaSecond*1e6) + " a million."},
	}
}

func dollars(v float64) string { return fmt.Sprintf("$%.2f", v) }

// find is an operation's item.
func find(items []Item, dialect, name string) Item {
	for _, i := range items {
		if i.Dialect == dialect && i.Name == name {
			return i
		}
	}
	panic("cost: no operation " + name)
}

// mix is a million requests of several kinds.
type mix struct {
	name  string
	share map[string]float64
}

var mixed = []mix{
	{"creates alone, with keys", map[string]float64{"create, with an idempotency key": 1}},
	{"80 % fetches, 10 % updates, 10 % creates", map[string]float64{"fetch": 0.8, "update": 0.1, "create, with an idempotency key": 0.1}},
	{"fetches alone", map[string]float64{"fetch": 1}},
}

// order is of the names that stand in a mix, so that sums come out alike.
var order = []string{"fetch", "update", "create, with an idempotency key"}

func (m mix) sum(items []Item, figure func(Item) float64) (sum float64) {
	for _, name := range order {
		if share := m.share[name]; share > 0 {
			sum += share * figure(find(items, registry.Conomy, name))
		}
	}
	return sum
}

func mixes(items []Item, accessLine int) page.Section {
	const credentials = 1.0 / 300 // an authorizer's call for so many requests: ten a second of a credential
	t := page.Table{Head: []string{"a million requests of", "dollars", "of it gateway"}}
	cold := find(items, registry.Conomy, "authorizer, cold")
	for _, m := range mixed {
		sum := m.sum(items, func(i Item) float64 { return i.Bill(accessLine).Sum() }) + credentials*cold.Bill(accessLine).Sum()
		t.Row(m.name, sum, gatewayRequest*1e6)
	}
	return page.Section{
		Title: "Mixes", Tables: []page.Table{t},
		Notes: []string{"With the authorizer's calls at ten requests a second of each credential. What decides the price of reads is the kind of the gateway, then the log: an HTTP API would be $1.00 instead of $3.50, without what decision 0001 keeps REST APIs for."},
	}
}
