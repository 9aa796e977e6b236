package attack

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// newPendingEnv is a world with an identity that waits for its email to be proven by a
// code that nobody here knows: its client is no test client.
func newPendingEnv(t testing.TB) (w *testEnv, id string) {
	t.Helper()
	w = newTestEnv(t)
	return w, w.createPending(t, "11.111.111-1")
}

// createPending is an identity like patient's, with another document.
func (w *testEnv) createPending(t testing.TB, document string) (id string) {
	t.Helper()
	e := w.conomy.event(t, "create-identity", "", personBodyWithDocument(document))
	e.RequestContext.Authorizer = liveCaller(defaultCaller)
	return stringField(t, w.conomy.send(t, "create-identity", e).Body, "id")
}

// createPerson is one of a test client, with a document of its own.
func (w *testEnv) createPerson(t testing.TB, document string) (id string) {
	t.Helper()
	return stringField(t, w.conomy.call(t, "create-identity", "", personBodyWithDocument(document)).Body, "id")
}

// personBodyWithDocument is a request for a person with another document.
func personBodyWithDocument(number string) string {
	return strings.NewReplacer("11.111.111-1", number, "RUT", "PASSPORT").Replace(personBody)
}

// liveCaller is a caller whose client is no test client.
func liveCaller(caller map[string]any) map[string]any {
	all := make(map[string]any, len(caller))
	for name, value := range caller {
		all[name] = value
	}
	all["stage"] = "live"
	return all
}

// FuzzVerification asks for codes. The answer says nothing of where one went.
func FuzzVerification(f *testing.F) {
	w, id := newPendingEnv(f)
	f.Fuzz(func(t *testing.T, body, languages, key string) {
		w.now = w.now.Add(time.Second)
		e := w.conomy.event(t, "start-verification", id, body)
		e.RequestContext.Authorizer = liveCaller(defaultCaller)
		e.MultiValueHeaders["Accept-Language"], e.MultiValueHeaders["Idempotency-Key"] = []string{languages}, []string{key}
		got := w.conomy.send(t, "start-verification", e)
		switch got.StatusCode {
		case 201, 404, 429, 409, 422, 400: // 404 once its time is over
		default:
			t.Errorf("%d %s", got.StatusCode, got.Body)
		}
	})
}

// FuzzConfirm guesses: no guess is right, as long as none is the six digits that
// were sent, which nobody here has seen; nothing moves.
func FuzzConfirm(f *testing.F) {
	w, id := newPendingEnv(f)
	begin := w.conomy.event(f, "start-verification", id, `{"channel":"email"}`)
	begin.RequestContext.Authorizer = liveCaller(defaultCaller)
	w.conomy.send(f, "start-verification", begin)
	// Spent, so that even the right one is refused.
	for range 6 {
		confirmCode(f, w, id, "email", `{"code":"000000"}`)
	}
	before := w.conomy.call(f, "get-identity", id, "")
	f.Fuzz(func(t *testing.T, channel, body string) {
		if got := confirmCode(t, w, id, channel, body); got.StatusCode < 400 {
			t.Errorf("%q proves the %s: %s", body, channel, got.Body)
		}
		if after := w.conomy.call(t, "get-identity", id, ""); after.Body != before.Body {
			t.Errorf("was %s\n is %s", before.Body, after.Body)
		}
	})
}

func confirmCode(t testing.TB, w *testEnv, id, channel, body string) events.APIGatewayProxyResponse {
	t.Helper()
	e := w.conomy.event(t, "confirm-verification", id, body)
	e.PathParameters["channel"] = url.PathEscape(channel)
	e.RequestContext.Authorizer = liveCaller(defaultCaller)
	return w.conomy.send(t, "confirm-verification", e)
}

// FuzzReview sends bodies to a reviewer's calls, and back to the beginning.
func FuzzReview(f *testing.F) {
	w, id := newPendingEnv(f)
	made := 0
	f.Fuzz(func(t *testing.T, pick uint8, body, match string) {
		operation := []string{"decide-screening", "hold-identity", "release-identity"}[pick%3]
		before := w.conomy.call(t, "get-identity", id, "")
		e := w.conomy.event(t, operation, id, body)
		if match != "" {
			e.MultiValueHeaders["If-Match"] = []string{match}
		}
		if got := w.conomy.send(t, operation, e); got.StatusCode != 403 {
			t.Fatalf("a caller who may not review: %d", got.StatusCode)
		}
		e.RequestContext.Authorizer = reviewerCaller
		got := w.conomy.send(t, operation, e)
		after := w.conomy.call(t, "get-identity", id, "")
		if got.StatusCode != 200 && after.Body != before.Body {
			t.Errorf("refused with %s, and changed %s\nto %s", got.Body, before.Body, after.Body)
		}
		if got.StatusCode == 200 && operation == "decide-screening" && rawField(t, after.Body, "status") != `"REJECTED"` {
			t.Errorf("%s moved it to %s", body, after.Body) // only a rejection is possible before it is screened
		}
		if rawField(t, after.Body, "status") != `"PENDING"` {
			made++
			id = w.createPending(t, fmt.Sprintf("P%08d", made))
		}
	})
}
