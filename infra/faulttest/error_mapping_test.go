package faulttest_test

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

// fakeDynamoDB is a DynamoDB on this machine that answers every request alike, and
// the way to it.
type fakeDynamoDB struct {
	handler      http.HandlerFunc
	requestCount atomic.Int64
}

func (d *fakeDynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	d.handler(w, r)
}

// RoundTrip counts the requests where they are sent: who does not wait for long
// may have gone before the server saw the request.
func (d *fakeDynamoDB) RoundTrip(r *http.Request) (*http.Response, error) {
	d.requestCount.Add(1)
	return http.DefaultTransport.RoundTrip(r)
}

func respondWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// errorResponse is an error whose words quote a person.
func errorResponse(name string) http.HandlerFunc {
	return respondWith(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#`+name+`","message":"about canary"}`)
}

// transactionCanceled cancel a transaction of two.
func transactionCanceled(name, message string) http.HandlerFunc {
	return respondWith(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"canary",`+
		`"CancellationReasons":[{"Code":"None"},{"Code":"`+name+`","Message":"`+message+`"}]}`)
}

// respondToWrites answers so what writes; reads find nothing.
func respondToWrites(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if target := r.Header.Get("X-Amz-Target"); strings.HasSuffix(target, ".GetItem") || strings.HasSuffix(target, ".Query") {
			respondWith(http.StatusOK, "{}")(w, r)
			return
		}
		answer(w, r)
	}
}

func closeConnection(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
		_ = conn.Close()
	}
}

func waitForCancel(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

const itemTooLargeMessage = "Item size has exceeded the maximum allowed size"

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
	{"throughput", errorResponse("ProvisionedThroughputExceededException"), "tpg", 503, true, 6},
	{"throttled", errorResponse("ThrottlingException"), "tpg", 503, true, 6},
	{"limit", errorResponse("RequestLimitExceeded"), "tpg", 503, true, 6},
	{"conflict", errorResponse("TransactionConflictException"), "tp", 409, true, 6},
	{"replica's conflict", errorResponse("ReplicatedWriteConflictException"), "p", 409, true, 6},
	{"internal", respondWith(500, `{"__type":"#InternalServerError","message":"canary"}`), "tpg", 503, true, 6},
	{"a page of a proxy", respondWith(502, "<html>canary</html>"), "tpg", 503, true, 6},
	{"in progress", errorResponse("TransactionInProgressException"), "t", 503, true, 6},
	{"reset", closeConnection, "tpg", 503, true, 6},
	{"timeout", waitForCancel, "tpg", 503, true, 6},
	{"condition", respondToWrites(errorResponse("ConditionalCheckFailedException")), "p", 409, false, 9},
	{"validation", errorResponse("ValidationException"), "tpg", 500, false, 1},
	{"no such table", errorResponse("ResourceNotFoundException"), "tpg", 500, false, 1},
	{"not allowed", errorResponse("AccessDeniedException"), "tpg", 500, false, 1},
	{"too large", respondWith(400, `{"__type":"#ValidationException","message":"`+itemTooLargeMessage+`"}`), "tp", 413, false, 1},
	{"collection too large", errorResponse("ItemCollectionSizeLimitExceededException"), "tp", 413, false, 1},
	{"unknown", errorResponse("SomethingNewException"), "tpg", 500, false, 1},
	{"reason: conflict", transactionCanceled("TransactionConflict", "canary"), "t", 409, true, 6},
	{"reason: throttled", transactionCanceled("ThrottlingError", "canary"), "t", 503, true, 6},
	{"reason: throughput", transactionCanceled("ProvisionedThroughputExceeded", "canary"), "t", 503, true, 6},
	{"reason: condition", respondToWrites(respondWith(400, `{"__type":"#TransactionCanceledException","CancellationReasons":[{"Code":"ConditionalCheckFailed","Message":"canary"},{"Code":"None"}]}`)), "t", 409, false, 9},
	{"reason: validation", transactionCanceled("ValidationError", "canary"), "t", 500, false, 1},
	{"reason: too large", transactionCanceled("ValidationError", itemTooLargeMessage), "t", 413, false, 1},
	{"reason: collection too large", transactionCanceled("ItemCollectionSizeLimitExceeded", "canary"), "t", 413, false, 1},
	{"reason: unknown", transactionCanceled("SomethingNew", "canary"), "t", 500, false, 1},
}

// requestsByCall are requests by dialect and by the call that they make.
var requestsByCall = map[string]map[string]request{
	"conomy": {
		"t": {"POST", "/identities", personBody(1, ""), nil},
		"g": {"GET", "/identities/x", "", nil},
	},
	"blnk": {
		"t": {"POST", "/identities", blnkPersonBody, []string{"Idempotency-Key", "k"}},
		"p": {"POST", "/identities", blnkPersonBody, nil},
		"g": {"GET", "/identities/x", "", nil},
	},
}

// newDynamoDBTrial is a cell of a registry whose DynamoDB answers so, and that waits so
// long for each answer.
func newDynamoDBTrial(t *testing.T, dialect string, answer http.HandlerFunc, patience time.Duration) (*trial, *fakeDynamoDB) {
	t.Helper()
	d := &fakeDynamoDB{handler: answer}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	client := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		HTTPClient: &http.Client{Timeout: patience, Transport: d},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	w := &testEnv{TB: t}
	w.wire(dynamo.New(client, "t", store.Indexes))
	c := &trial{testEnv: w, api: map[string]gateway.API{"conomy": w.conomy, "blnk": w.blnk}[dialect]}
	c.caller = map[string]any{"tenant": "acme", "client": "c", "scopes": auth.ScopeAll, "mode": "lenient", "expires": "0"}
	return c, d
}

func TestErrorMap(t *testing.T) {
	var all sync.WaitGroup
	rows := 0
	for _, row := range errorMap {
		for dialect, calls := range requestsByCall {
			for call, q := range calls {
				if !strings.Contains(row.calls, call) {
					continue
				}
				rows++
				patience := time.Minute
				if row.name == "timeout" {
					patience = 200 * time.Millisecond
				}
				c, d := newDynamoDBTrial(t, dialect, row.answer, patience)
				name := fmt.Sprintf("%s, %s %s", row.name, dialect, call)
				all.Go(func() {
					a := c.send(q)
					if a.status != row.status || (a.header.Get("Retry-After") != "") != row.again || containsPersonalData(a.body) {
						t.Errorf("%s: %d, Retry-After %q, %s", name, a.status, a.header.Get("Retry-After"), a.body)
					}
					if n := d.requestCount.Load(); n != row.asked {
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
	for dialect, calls := range requestsByCall {
		for _, fails := range []string{"ThrottlingException", "TransactionConflictException"} {
			c, d := newDynamoDBTrial(t, dialect, errorResponse(fails), time.Minute)
			const traffic = 100
			var all sync.WaitGroup
			for range traffic {
				all.Go(func() { c.send(calls["t"]) })
			}
			all.Wait()
			if retries := d.requestCount.Load() - traffic; retries > 50+traffic/10 {
				t.Errorf("%s: %d retries of %d requests", dialect, retries, traffic)
			}
			a := c.send(calls["t"])
			if a.status != 503 || a.header.Get("Retry-After") == "" {
				t.Errorf("%s, %s: %d %s", dialect, fails, a.status, a.body)
			}
		}
	}
}
