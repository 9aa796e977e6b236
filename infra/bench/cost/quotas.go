package cost

import (
	"fmt"
	"math"

	"cedula/infra/bench/page"
	"cedula/infra/bench/partitions"
)

// perSecond is the load that the quotas are held against.
const perSecond = 10_000

// What AWS gives by default in us-east-1. Service Quotas decides.
const (
	gatewayRate       = 10_000 // requests a second of an account and region, all APIs
	gatewayBurst      = 5_000
	lambdaConcurrency = 1_000
	lambdaRamp        = 1_000 // more instances of one function, every 10 s
	tableUnits        = 40_000
	firstWrites       = 4_000 // of a table that is new
	firstReads        = 12_000
	partitionReads    = 3_000
	signatures        = 1_000 // KMS, elliptic curves; 300 in older accounts
)

func quotas(items []Item) page.Section {
	t := page.Table{Head: []string{"what", "quota", "creates alone", "80/10/10", "fetches alone"}}
	row := func(name string, quota any, figure func(Item) float64) {
		values := []any{name, quota}
		for _, m := range mixed {
			values = append(values, fmt.Sprintf("%.0f", math.Ceil(perSecond*m.sum(items, figure))))
		}
		t.Row(values...)
	}
	writes := func(i Item) float64 { return i.Units.Write }
	row("API Gateway, requests a second", gatewayRate, func(Item) float64 { return 1 })
	row("Lambda, running at once", lambdaConcurrency, func(i Item) float64 { return i.Millis() / 1000 })
	row("DynamoDB, write units a second, table and indexes", tableUnits, writes)
	row("DynamoDB, read units a second", tableUnits, func(i Item) float64 { return i.Units.Read })
	row("partitions, by writes, at full use", "-", func(i Item) float64 { return i.Units.Write / partitions.WritesPerPartition })
	row("partitions, by reads, at full use", "-", func(i Item) float64 { return i.Units.Read / partitionReads })
	return page.Section{
		Title: "Quotas at 10,000 requests a second", Tables: []page.Table{t},
		Notes: []string{
			fmt.Sprintf("**API Gateway**: %d requests a second with bursts of %d are an account's whole quota in a region, for both APIs and all stages. The load takes all of it: ask for more first. The template's own limit is 5,000 a second for each API (`RequestsPerSecond`), and 500 for a client (`ClientRequestsPerSecond`): both are to be raised.", gatewayRate, gatewayBurst),
			fmt.Sprintf("**Lambda**: the concurrency is of the assumed milliseconds and an eighth of the default of %d. A table that answers in 100 ms instead of 10 takes it all, and so do cold starts all at once: ask for 3,000. A new account may have 10 at first. One function gets %d more instances every 10 s, which is enough.", lambdaConcurrency, lambdaRamp),
			fmt.Sprintf("**DynamoDB**: the default of %d units a second for a table on demand is passed by creates alone; each index counts for itself besides. A new table begins with %d writes and %d reads a second, and doubles within 30 minutes of a peak: before a known peak set its warm throughput, or switch it on in steps.", tableUnits, firstWrites, firstReads),
			"**Partitions**: one takes 1,000 write and 3,000 read units a second. Identities, claims and keys have partition keys of their own and spread; what does not is the list, below.",
			"**KMS**: one request for a token, " + fmt.Sprint(signatures) + " a second (300 in older accounts), so that many logins a second at most; tokens live an hour, so 3.6 million clients. Data keys are kept five minutes and used a thousand times: a tenant that tokenizes 10,000 values a second asks ten times a second. DynamoDB asks for the table's key every five minutes or so for each of its partitions, not for each request.",
			"**EventBridge Scheduler**: two schedules, five runs an hour; it has 500 or more a second.",
			"**SES**: a new account sends one message a second to addresses that it proved; 14 a second and 50,000 a day once it is let out; more is asked for. **SNS**: 20 text messages a second and one dollar a month until more is asked for. Verifications, not requests, count here.",
			"**Logs**: 5,000 batches a second of an account and region; Lambda sends batches, so this is reached late.",
		},
	}
}

func tenants() page.Section {
	t := page.Table{Head: []string{"design", "throttled, all", "of the big tenant's", "of the others'", "the big tenant gets, a second"}}
	const others = 1000
	for _, d := range []partitions.Design{partitions.Ours(1), partitions.Ours(8), partitions.Naive()} {
		creates, err := d.Second(partitions.Load{PerSecond: perSecond, Others: others}, 0)
		if err != nil {
			panic(err) // the table is a spy that never fails
		}
		s := partitions.NewTable(creates).Run(creates)
		t.Row(d.Name, percent(s.Share()), percent(s.BigShare()), percent(s.OthersShare()), s.AskedBig-s.ThrottledBig)
	}
	return page.Section{
		Title: "The limit of one tenant: 1,000 creates a second for each shard of its list", Tables: []page.Table{t},
		Intro: fmt.Sprintf("10,000 creates a second, half of them of one tenant, the rest of %d others, by the keys that the store writes and by others (`infra/bench/partitions`; the model is told there).", others),
		Notes: []string{
			"A shard of a tenant's list is one partition key of the index L, whose sort keys rise: DynamoDB cannot split it. Where an index is full, the table's write is throttled too. So **a tenant whose list has one shard, as every list has at first, can create 1,000 identities a second and no more**; of 5,000 a second, four fifths are throttled and answered by 503 with `Retry-After` once the retries are spent. Other tenants do not notice.",
			"Changes, deletions and fetches are not limited by it: an entry of the list is written when an identity is made and removed when it goes. Look-ups, claims and idempotency keys spread by their HMAC; the queue of pending identities has 64 shards.",
			"A list has up to 64 shards (`CEDULA_LIST_SHARDS` in the template, decision 14): eight take 8,000 creates a second. A page of it asks each of them, all at once: eight queries of half a unit instead of one, so a page of 20 is 9 calls and 25 RRU instead of 2 and 21.5. Look-ups and fetches cost what they did.",
		},
	}
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
