package attack

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// FuzzRESTEvent lets a whole event, as the Lambda runtime would read it, meet a
// few operations of both dialects.
func FuzzRESTEvent(f *testing.F) {
	w := newTestEnv(f)
	operations := []struct {
		dialect
		name string
	}{
		{w.conomy, "create-identity"},
		{w.conomy, "get-identity"},
		{w.conomy, "update-identity"},
		{w.conomy, "list-identities"},
		{w.conomy, "remove-permission"},
		{w.conomy, "create-token"},
		{w.blnk, "create-identity"},
		{w.blnk, "get-identity"},
		{w.blnk, "list-identities"},
		{w.blnk, "update-metadata"},
		{w.blnk, "refuse-method"},
	}
	f.Fuzz(func(t *testing.T, pick uint8, event string) {
		var e events.APIGatewayProxyRequest
		if json.Unmarshal([]byte(event), &e) != nil {
			return
		}
		o := operations[int(pick)%len(operations)]
		answer, err := gateway.Handler(o, o.route(t, o.name))(context.Background(), e)
		switch {
		case err != nil, answer.StatusCode < 200, answer.StatusCode >= 500, answer.IsBase64Encoded:
			t.Fatalf("%s %s: %v %d %s", o.dialect.name, o.name, err, answer.StatusCode, answer.Body)
		case answer.StatusCode < 400:
			if len(e.RequestContext.Authorizer) == 0 && !o.route(t, o.name).Public {
				t.Errorf("%s %s serves a caller without a context: %s", o.dialect.name, o.name, answer.Body)
			}
			return
		}
		o.assertErrorEnvelope(t, answer.Body)
		if o.name != "refuse-method" {
			o.assertNoEcho(t, e, answer.Body)
		}
	})
}

// assertErrorEnvelope wants the dialect's error body.
func (d dialect) assertErrorEnvelope(t testing.TB, body string) {
	t.Helper()
	names := []string{"status", "code", "type", "detail", "traceId", "statusCode", "error", "message"}
	if d.name == "blnk" {
		names = []string{"error", "error_detail"}
		if rawField(t, body, "error") == "" {
			names = []string{"errors", "error_detail"} // of a list's filters
		}
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &all); err != nil || len(all) != len(names) {
		t.Fatalf("%v: not the error body of %s: %s", err, d.name, body)
	}
	for _, name := range names {
		if all[name] == nil {
			t.Errorf("no %s in %s", name, body)
		}
	}
}

// FuzzAuthorizerEvent lets a whole event meet both authorizers. None admits, since
// no credential is anybody's; a refusal shows only what is said of refusals.
func FuzzAuthorizerEvent(f *testing.F) {
	w := newTestEnv(f)
	signer, err := auth.NewLocalKey()
	if err != nil {
		f.Fatal(err)
	}
	guard := &auth.Authenticator{
		Store: w.keys.Store, Hasher: w.keys.Hasher, Now: w.keys.Now,
		Tokens: auth.NewVerifier("https://cedula.example", "cedula", auth.KeySet{signer}),
	}
	both := []gateway.Authorizer{&conomy.Authorizer{Authenticator: guard}, &blnk.Authorizer{Authenticator: guard}}
	f.Fuzz(func(t *testing.T, event string) {
		var e events.APIGatewayCustomAuthorizerRequestTypeRequest
		if json.Unmarshal([]byte(event), &e) != nil {
			return
		}
		for _, a := range both {
			answer, err := gateway.AuthorizerHandler(a)(context.Background(), e)
			if err != nil {
				if err.Error() != "Unauthorized" {
					t.Errorf("no decision: %v", err)
				}
				continue
			}
			if s := answer.PolicyDocument.Statement; len(s) != 1 || s[0].Effect != "Deny" {
				t.Errorf("admits: %+v", answer)
			}
			said, _ := json.Marshal(answer.Context)
			for _, h := range e.MultiValueHeaders {
				for _, v := range h {
					if len(v) >= minEchoLength && strings.Contains(string(said), v) && !strings.Contains(w.blnk.contractText, v) {
						t.Errorf("%q stands in %s", v, said)
					}
				}
			}
		}
	})
}

// FuzzStreamEvent lets a batch of the table's stream meet the job that delivers
// messages: it names each failure, and hands on no empty part.
func FuzzStreamEvent(f *testing.F) {
	f.Fuzz(func(t *testing.T, event string, fail bool) {
		var e events.DynamoDBEvent
		if json.Unmarshal([]byte(event), &e) != nil || len(e.Records) > 1000 {
			return
		}
		tried := make(chan string, len(e.Records))
		answer, err := gateway.StreamHandler(func(_ context.Context, id string) error {
			tried <- id
			if fail {
				return errors.New("away")
			}
			return nil
		})(context.Background(), e)
		close(tried)
		if err != nil || fail != (len(answer.BatchItemFailures) > 0) && len(tried) > 0 || len(answer.BatchItemFailures) > 0 && len(answer.BatchItemFailures) != len(tried) {
			t.Errorf("%v, %d of %d failed", err, len(answer.BatchItemFailures), len(tried))
		}
		for id := range tried {
			if !strings.Contains(event, "M#") && !strings.Contains(event, `\u`) {
				t.Errorf("%q is no message", id)
			}
		}
	})
}
