package dynamo_test

import (
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

	"cedula/shared/table/dynamo"
)

// responder is what the server does with one request.
type responder func(w http.ResponseWriter)

// fakeDynamoDB answers as DynamoDB would, one answer a request, the last one again and
// again, and keeps what it was asked.
type fakeDynamoDB struct {
	mu         sync.Mutex
	responders []responder
	received   []request
}

type request struct {
	operation string
	body      map[string]any
}

func (f *fakeDynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	asked := request{operation: r.Header.Get("X-Amz-Target")[len("DynamoDB_20120810."):]}
	_ = json.Unmarshal(raw, &asked.body)
	f.mu.Lock()
	reply := f.responders[min(len(f.received), len(f.responders)-1)]
	f.received = append(f.received, asked)
	f.mu.Unlock()
	reply(w)
}

// requests are what was asked so far.
func (f *fakeDynamoDB) requests() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.received)
}

func newFakeTable(t *testing.T, answers ...responder) (*dynamo.Table, *fakeDynamoDB) {
	t.Helper()
	f := &fakeDynamoDB{responders: answers}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return dynamo.New(newClient(server.URL), "t", []string{"L", "E"}), f
}

// newFakeTableWithTimeout serves a table whose client gives an attempt up after a moment.
func newFakeTableWithTimeout(t *testing.T, answers ...responder) (*dynamo.Table, *fakeDynamoDB) {
	t.Helper()
	f := &fakeDynamoDB{responders: answers}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client := newClient(server.URL)
	options := client.Options()
	options.HTTPClient = &http.Client{Timeout: time.Second}
	options.BaseEndpoint = aws.String(server.URL)
	return dynamo.New(dynamodb.New(options), "t", nil), f
}

func respond(status int, body string) responder {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func respondOK(body string) responder { return respond(http.StatusOK, body) }

// errorResponseWith is an error of DynamoDB, its message quoting a key as some do.
func errorResponseWith(code, more string) responder {
	return respond(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"about secret-key"`+more+`}`)
}

func validationError(message string) responder {
	return respond(http.StatusBadRequest, `{"__type":"com.amazon.coral.validate#ValidationException","message":"`+message+`"}`)
}

func transactionCanceled(reasons ...string) responder {
	return errorResponseWith("TransactionCanceledException", `,"CancellationReasons":[`+strings.Join(reasons, ",")+`]`)
}

func cancellationReason(code string) string {
	return `{"Code":"` + code + `","Message":"about secret-key"}`
}

const conditionFailedReasonV3 = `{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"3"}}}`

const serverError = `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"secret-key"}`

// resetConnection breaks the connection without an answer.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// neverRespond takes the request and never answers: the client has to give up.
func neverRespond(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	time.AfterFunc(10*time.Second, func() { _ = conn.Close() })
}
