package dynamo_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// newClient returns a client with fake credentials for an endpoint of this machine. The timeout is of one
// attempt.
func newClient(endpoint string, timeout time.Duration) *dynamodb.Client {
	return dynamodb.NewFromConfig(aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: aws.String(endpoint),
		HTTPClient:   &http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

// fakeDynamoDB gives one response to each request, the last one to all that follow, and keeps the requests.
type fakeDynamoDB struct {
	mu         sync.Mutex
	responders []responder
	received   []request
}

type request struct {
	operation string
	body      map[string]any
}

// responder responds to one request.
type responder func(w http.ResponseWriter)

func (f *fakeDynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	received := request{operation: r.Header.Get("X-Amz-Target")[len("DynamoDB_20120810."):]}
	_ = json.Unmarshal(raw, &received.body)
	f.mu.Lock()
	respond := f.responders[min(len(f.received), len(f.responders)-1)]
	f.received = append(f.received, received)
	f.mu.Unlock()
	respond(w)
}

func (f *fakeDynamoDB) requests() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.received)
}

// wantRequests checks how many requests there were.
func (f *fakeDynamoDB) wantRequests(t *testing.T, want int) {
	t.Helper()
	if got := len(f.requests()); got != want {
		t.Errorf("requests = %d, want %d", got, want)
	}
}

func newFakeTable(t *testing.T, responders ...responder) (*dynamo.Table, *fakeDynamoDB) {
	t.Helper()
	return newFakeTableWithTimeout(t, time.Minute, responders...)
}

// newFakeTableWithTimeout returns a table whose client waits so long for a response.
func newFakeTableWithTimeout(t *testing.T, timeout time.Duration, responders ...responder) (*dynamo.Table, *fakeDynamoDB) {
	t.Helper()
	f := &fakeDynamoDB{responders: responders}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return dynamo.New(newClient(server.URL, timeout), "t", []string{"L", "E"}), f
}

func respond(status int, body string) responder {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func ok(body string) responder { return respond(http.StatusOK, body) }

// failure is an error of DynamoDB, whose message quotes a key as some do. More are further fields of the response.
func failure(code string, more ...string) responder {
	return respond(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"about secret-key"`+strings.Join(more, "")+`}`)
}

func validationError(message string) responder {
	return respond(http.StatusBadRequest, `{"__type":"com.amazon.coral.validate#ValidationException","message":"`+message+`"}`)
}

func transactionCanceled(reasons ...string) responder {
	return failure("TransactionCanceledException", `,"CancellationReasons":[`+strings.Join(reasons, ",")+`]`)
}

func reason(code string) string { return `{"Code":"` + code + `","Message":"about secret-key"}` }

var internalError = respond(http.StatusInternalServerError, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"secret-key"}`)

// resetConnection breaks the connection without a response.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// neverRespond keeps the connection open until the client has given up.
func neverRespond(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		time.AfterFunc(10*time.Second, func() { _ = conn.Close() })
	}
}

// The operations that the tests send: one put, one delete, and a transaction.
var (
	testKey        = table.Key{PK: "p", SK: "s"}
	testItem       = table.Item{Key: testKey, Version: 3}
	putOps         = []table.Op{table.Put(testItem, table.Absent())}
	deleteOps      = []table.Op{table.Delete(testKey, table.VersionIs(2))}
	transactionOps = []table.Op{table.Put(testItem, table.Absent()), table.Put(table.Item{Key: table.Key{PK: "p", SK: "t"}}, table.Absent())}
)

// itemOfVersion is the field of a failed condition that holds the current item.
func itemOfVersion(v string) string {
	return `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"` + v + `"}}`
}
