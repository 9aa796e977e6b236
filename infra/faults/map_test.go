package faults_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// dynamoFails is a DynamoDB on this machine that answers every request alike, and
// the way to it.
type dynamoFails struct {
	answer http.HandlerFunc
	asked  atomic.Int64
}

func (d *dynamoFails) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	d.answer(w, r)
}

// RoundTrip counts the requests where they are sent: who does not wait for long
// may have gone before the server saw the request.
func (d *dynamoFails) RoundTrip(r *http.Request) (*http.Response, error) {
	d.asked.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// code is an error whose words quote a person.
func code(name string) http.HandlerFunc {
	return says(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#`+name+`","message":"about canary"}`)
}

// reasons cancel a transaction of two.
func reasons(name, message string) http.HandlerFunc {
	return says(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"canary",`+
		`"CancellationReasons":[{"Code":"None"},{"Code":"`+name+`","Message":"`+message+`"}]}`)
}

// onWrites answers so what writes; reads find nothing.
func onWrites(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if target := r.Header.Get("X-Amz-Target"); strings.HasSuffix(target, ".GetItem") || strings.HasSuffix(target, ".Query") {
			says(http.StatusOK, "{}")(w, r)
			return
		}
		answer(w, r)
	}
}

func breaks(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

func sleeps(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

const size = "Item size has exceeded the maximum allowed size"

// errorMap is what DynamoDB answers, what a client is answered, whether it is to
// come again, and how often DynamoDB was asked. Whoever is in the way and not to be
// found is looked for, and the write tried again, three times.
var errorMap = []struct {
	name   string
	answer http.HandlerFunc
	calls  string // which of the calls can meet it: t a transaction, p a put, g a get
	status int
	again  bool
	asked  int64
}{
	{"throughput", code("ProvisionedThroughputExceededException"), "tpg", 503, true, 6},
	{"throttled", code("ThrottlingException"), "tpg", 503, true, 6},
	{"limit", code("RequestLimitExceeded"), "tpg", 503, true, 6},
	{"conflict", code("TransactionConflictException"), "tp", 409, true, 6},
	{"replica's conflict", code("ReplicatedWriteConflictException"), "p", 409, true, 6},
	{"internal", says(500, `{"__type":"#InternalServerError","message":"canary"}`), "tpg", 503, true, 6},
	{"a page of a proxy", says(502, "<html>canary</html>"), "tpg", 503, true, 6},
	{"in progress", code("TransactionInProgressException"), "t", 503, true, 6},
	{"reset", breaks, "tpg", 503, true, 6},
	{"timeout", sleeps, "tpg", 503, true, 6},
	{"condition", onWrites(code("ConditionalCheckFailedException")), "p", 409, false, 9},
	{"validation", code("ValidationException"), "tpg", 500, false, 1},
	{"no such table", code("ResourceNotFoundException"), "tpg", 500, false, 1},
	{"not allowed", code("AccessDeniedException"), "tpg", 500, false, 1},
	{"too large", says(400, `{"__type":"#ValidationException","message":"`+size+`"}`), "tp", 413, false, 1},
	{"collection too large", code("ItemCollectionSizeLimitExceededException"), "tp", 413, false, 1},
	{"unknown", code("SomethingNewException"), "tpg", 500, false, 1},
	{"reason: conflict", reasons("TransactionConflict", "canary"), "t", 409, true, 6},
	{"reason: throttled", reasons("ThrottlingError", "canary"), "t", 503, true, 6},
	{"reason: throughput", reasons("ProvisionedThroughputExceeded", "canary"), "t", 503, true, 6},
	{"reason: condition", onWrites(says(400, `{"__type":"#TransactionCanceledException","CancellationReasons":[{"Code":"ConditionalCheckFailed","Message":"canary"},{"Code":"None"}]}`)), "t", 409, false, 9},
	{"reason: validation", reasons("ValidationError", "canary"), "t", 500, false, 1},
	{"reason: too large", reasons("ValidationError", size), "t", 413, false, 1},
	{"reason: collection too large", reasons("ItemCollectionSizeLimitExceeded", "canary"), "t", 413, false, 1},
	{"reason: unknown", reasons("SomethingNew", "canary"), "t", 500, false, 1},
}

// mapped are requests by dialect and by the call that they make.
var mapped = map[string]map[string]request{
	"conomy": {
		"t": {"POST", "/identities", person(1, ""), nil},
		"g": {"GET", "/identities/x", "", nil},
	},
	"blnk": {
		"t": {"POST", "/identities", someone, []string{"Idempotency-Key", "k"}},
		"p": {"POST", "/identities", someone, nil},
		"g": {"GET", "/identities/x", "", nil},
	},
}

// onDynamo is a cell of a registry whose DynamoDB answers so, and that waits so
// long for each answer.
func onDynamo(t *testing.T, dialect string, answer http.HandlerFunc, patience time.Duration) (*cell, *dynamoFails) {
	t.Helper()
	d := &dynamoFails{answer: answer}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	client := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		HTTPClient: &http.Client{Timeout: patience, Transport: d},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	w := &world{TB: t}
	w.wire(dynamo.New(client, "t", store.Indexes))
	c := &cell{world: w, dialect: map[string]gateway.API{"conomy": w.conomy, "blnk": w.blnk}[dialect]}
	c.caller = map[string]any{"tenant": "acme", "client": "c", "scopes": auth.ScopeAll, "mode": "lenient", "expires": "0"}
	return c, d
}

func TestErrorMap(t *testing.T) {
	var all sync.WaitGroup
	rows := 0
	for _, row := range errorMap {
		for dialect, calls := range mapped {
			for call, q := range calls {
				if !strings.Contains(row.calls, call) {
					continue
				}
				rows++
				patience := time.Minute
				if row.name == "timeout" {
					patience = 200 * time.Millisecond
				}
				c, d := onDynamo(t, dialect, row.answer, patience)
				name := fmt.Sprintf("%s, %s %s", row.name, dialect, call)
				all.Go(func() {
					a := c.send(q)
					if a.status != row.status || (a.header.Get("Retry-After") != "") != row.again || leaks(a.body) {
						t.Errorf("%s: %d, Retry-After %q, %s", name, a.status, a.header.Get("Retry-After"), a.body)
					}
					if n := d.asked.Load(); n != row.asked {
						t.Errorf("%s: asked %d times, want %d", name, n, row.asked)
					}
				})
			}
		}
	}
	all.Wait()
	t.Logf("%d rows", rows)
}

// TestSpentBudget: retries end long before traffic is multiplied, and then the
// answer is 503 at the first failure, whatever it is.
func TestSpentBudget(t *testing.T) {
	for dialect, calls := range mapped {
		for _, fails := range []string{"ThrottlingException", "TransactionConflictException"} {
			c, d := onDynamo(t, dialect, code(fails), time.Minute)
			const traffic = 100
			var all sync.WaitGroup
			for range traffic {
				all.Go(func() { c.send(calls["t"]) })
			}
			all.Wait()
			if retries := d.asked.Load() - traffic; retries > 50+traffic/10 {
				t.Errorf("%s: %d retries of %d requests", dialect, retries, traffic)
			}
			a := c.send(calls["t"])
			if a.status != 503 || a.header.Get("Retry-After") == "" {
				t.Errorf("%s, %s: %d %s", dialect, fails, a.status, a.body)
			}
		}
	}
}
