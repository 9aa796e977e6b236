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

// answer is what the server does with one request.
type answer func(w http.ResponseWriter)

// fake answers as DynamoDB would, one answer a request, the last one again and
// again, and keeps what it was asked.
type fake struct {
	mu      sync.Mutex
	answers []answer
	asked   []request
}

type request struct {
	operation string
	body      map[string]any
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	asked := request{operation: r.Header.Get("X-Amz-Target")[len("DynamoDB_20120810."):]}
	_ = json.Unmarshal(raw, &asked.body)
	f.mu.Lock()
	reply := f.answers[min(len(f.asked), len(f.answers)-1)]
	f.asked = append(f.asked, asked)
	f.mu.Unlock()
	reply(w)
}

// requests are what was asked so far.
func (f *fake) requests() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func serve(t *testing.T, answers ...answer) (*dynamo.Table, *fake) {
	t.Helper()
	f := &fake{answers: answers}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return dynamo.New(newClient(server.URL), "t", []string{"L", "E"}), f
}

// hasty serves a table whose client gives an attempt up after a moment.
func hasty(t *testing.T, answers ...answer) (*dynamo.Table, *fake) {
	t.Helper()
	f := &fake{answers: answers}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client := newClient(server.URL)
	options := client.Options()
	options.HTTPClient = &http.Client{Timeout: time.Second}
	options.BaseEndpoint = aws.String(server.URL)
	return dynamo.New(dynamodb.New(options), "t", nil), f
}

func reply(status int, body string) answer {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func ok(body string) answer { return reply(http.StatusOK, body) }

// failure is an error of DynamoDB, its message quoting a key as some do.
func failure(code, more string) answer {
	return reply(http.StatusBadRequest, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"about secret-key"`+more+`}`)
}

func validation(message string) answer {
	return reply(http.StatusBadRequest, `{"__type":"com.amazon.coral.validate#ValidationException","message":"`+message+`"}`)
}

func cancelled(reasons ...string) answer {
	return failure("TransactionCanceledException", `,"CancellationReasons":[`+strings.Join(reasons, ",")+`]`)
}

func reason(code string) string { return `{"Code":"` + code + `","Message":"about secret-key"}` }

const conditionOn3 = `{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"3"}}}`

const serverError = `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"secret-key"}`

// reset breaks the connection without an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// silence takes the request and never answers: the client has to give up.
func silence(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	time.AfterFunc(10*time.Second, func() { _ = conn.Close() })
}
