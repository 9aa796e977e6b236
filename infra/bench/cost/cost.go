// Package cost turns what operations ask of the table, of the gateway, of
// Lambda and of the log into dollars, and into what a load asks of AWS's quotas.
// It knows nothing of how that was counted.
package cost

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"cedula/infra/bench/registry"
	"cedula/shared/identity"
)

// List prices of us-east-1 in dollars, the first tier of each.
const (
	gatewayRequest = 3.50 / 1e6   // API Gateway, REST
	lambdaRequest  = 0.20 / 1e6   // Lambda
	lambdaSecond   = 0.0000133334 // of a GB, arm64
	logByte        = 0.50 / 1e9   // CloudWatch Logs, ingestion
	writeUnit      = 0.625 / 1e6  // DynamoDB, on demand
	readUnit       = 0.125 / 1e6
	kmsRequest     = 0.03 / 1e4
	trace          = 5.00 / 1e6 // X-Ray
	email          = 0.10 / 1e3 // SES
)

// What is assumed, since it cannot be counted here.
const (
	memoryGB      = 0.5  // template.yaml
	handlerMillis = 1.5  // our code at 512 MB, with the runtime's part
	readMillis    = 4.0  // a Get or a Query, from within the region
	writeMillis   = 5.0  // a put by itself
	transMillis   = 10.0 // a transaction
	kmsMillis     = 10.0 // a signature
	sendMillis    = 50.0 // a message, by SES
	manyMillis    = 0.1  // our code, for one of many that a run does
	tracedShare   = 0.05 // X-Ray's own rule, beyond one request a second
)

// Item is an operation with what was counted of it.
type Item struct {
	registry.Operation
	registry.Count
}

// Counts counts every operation once, on a registry of so many identities.
func Counts(r *registry.Registry) ([]Item, error) {
	var items []Item
	for _, o := range registry.Operations() {
		c, err := r.Count(o)
		if err != nil {
			return nil, err
		}
		items = append(items, Item{o, c})
	}
	return items, nil
}

// Bill is what a million of an operation cost, in dollars.
type Bill struct{ Gateway, Lambda, Table, Logs, Other float64 }

// Sum is the whole of it.
func (b Bill) Sum() float64 { return b.Gateway + b.Lambda + b.Table + b.Logs + b.Other }

// Millis is how long a function is assumed to run for an operation; for one of many
// that a run does at a time, its share.
func (i Item) Millis() float64 {
	if i.Many {
		return manyMillis + i.waits()/identity.PendingIndexShards // each shard is walked by itself
	}
	return handlerMillis + i.waits()
}

// waits is the part of it that others take.
func (i Item) waits() float64 {
	ms := readMillis * float64(i.Get+i.Query)
	switch {
	case i.Write > 0 && (i.Units.Write > 2 || i.Units.Write == 0):
		ms += transMillis * float64(i.Write)
	default:
		ms += writeMillis * float64(i.Write)
	}
	if i.Login {
		ms += kmsMillis
	}
	if i.Message {
		ms += sendMillis
	}
	return ms
}

// Bill prices a million. The embedded table counts nothing for a transaction that
// was refused, as a replay's is; DynamoDB charges it.
func (i Item) Bill(accessLine int) Bill {
	const million = 1e6
	var b Bill
	b.Lambda = million * i.Millis() / 1000 * memoryGB * lambdaSecond
	if !i.Many {
		b.Lambda += million * lambdaRequest
	}
	b.Table = million * (i.Units.Write*writeUnit + i.Units.Read*readUnit)
	b.Logs = million * float64(i.LogBytes) * logByte
	if i.Gateway {
		b.Gateway = million * gatewayRequest
		b.Logs += million * float64(accessLine) * logByte
		b.Other = million * trace * tracedShare
	}
	if i.Write > 0 && i.Units.Write == 0 {
		b.Table += million * refusedUnits * writeUnit
	}
	if i.Login {
		b.Other += million * kmsRequest
	}
	if i.Message {
		b.Other += million * email
	}
	return b
}

// refusedUnits is what a refused create with an idempotency key is charged: each
// of its three items, of which none has more than 1 KB, twice.
const refusedUnits = 6

// variables are API Gateway's in the access log's format, with values of the
// usual length.
var variables = map[string]string{
	"$context.requestTimeEpoch": "1767225600000", "$context.requestId": strings.Repeat("x", 36),
	"$context.xrayTraceId": strings.Repeat("x", 35), "$context.stage": "production", "$context.httpMethod": "POST",
	"$context.resourcePath": "/identities/{id}", "$context.status": "200", "$context.responseLatency": "15",
	"$context.integrationLatency": "12", "$context.responseLength": "900", "$context.authorizer.client": strings.Repeat("x", 16),
	"$context.authorizer.status": "200", "$context.error.responseType": "-",
}

var (
	format   = regexp.MustCompile(`(?s)AccessLogSetting:.*?Format: >-\n(.*?\})\n`)
	variable = regexp.MustCompile(`\$context\.[A-Za-z.]+[A-Za-z]`)
)

// eventBytes is what CloudWatch Logs adds to every line's size.
const eventBytes = 26

// AccessLine is how long a line of the access log is that the template asks for.
func AccessLine(root string) (int, error) {
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return 0, fmt.Errorf("cost: %w", err)
	}
	m := format.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("cost: template.yaml has no access log")
	}
	line := variable.ReplaceAllStringFunc(strings.Join(strings.Fields(string(m[1])), " "), func(name string) string {
		if v, ok := variables[name]; ok {
			return v
		}
		return name
	})
	return len(line) + eventBytes, nil
}
