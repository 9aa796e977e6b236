package bench_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"cedula/shared/identity"
)

// operation is one thing that a client or a job asks of the registry.
type operation struct {
	api, name string
	budget    budget
	prepare   func(tb testing.TB, r *benchRegistry, api string) step // creates what the operation needs
}

// step runs an operation and returns the response body, if there is one.
type step func() string

// budget is the most that an operation may ask of the table.
type budget struct {
	calls       int
	write, read float64 // DynamoDB's request units
	perIdentity bool    // read units grow with the list, up to 10,000 identities
}

var operations = []operation{
	// First, because the other operations create identities and this one counts them.
	{conomyAPI, "list-with-total", budget{calls: 4, read: 200, perIdentity: true}, listWithTotal},
	{conomyAPI, "create", budget{calls: 1, write: 10}, create},
	{conomyAPI, "create-idempotent", budget{calls: 1, write: 12}, createIdempotent},
	{conomyAPI, "replay", budget{calls: 1}, replay},
	{conomyAPI, "fetch", budget{calls: 1, read: 1}, onIdentity("get-identity", "")},
	{conomyAPI, "update", budget{calls: 2, write: 2, read: 1}, onIdentity("update-identity", `{"nickname":"other"}`)},
	{conomyAPI, "change-email", budget{calls: 2, write: 10, read: 1}, changeEmail},
	{conomyAPI, "delete", budget{calls: 2, write: 10, read: 1}, onIdentity("delete-identity", "")},
	{conomyAPI, "list-next-page", budget{calls: 2, read: 22}, listNextPage},
	{conomyAPI, "find-by-email", budget{calls: 3, read: 2}, findByEmail},
	{conomyAPI, "start-verification", budget{calls: 3, write: 10, read: 3}, startVerification},
	{conomyAPI, "confirm-verification", budget{calls: 3, write: 10, read: 2}, confirmVerification},
	{conomyAPI, "create-token", budget{calls: 1, read: 4}, createToken},
	{conomyAPI, "authorize-cold", budget{calls: 1, read: 2}, authorizeCold},
	{conomyAPI, "authorize-warm", budget{}, authorizeWarm},
	{blnkAPI, "create", budget{calls: 1, write: 10}, create},
	{blnkAPI, "create-idempotent", budget{calls: 1, write: 12}, createIdempotent},
	{blnkAPI, "replay", budget{calls: 1}, replay},
	{blnkAPI, "fetch", budget{calls: 1, read: 1}, onIdentity("get-identity", "")},
	{blnkAPI, "update", budget{calls: 2, write: 2, read: 1}, onIdentity("update-identity", `{"category":"other"}`)},
	{blnkAPI, "delete", budget{calls: 2, write: 10, read: 1}, onIdentity("delete-identity", "")},
	{blnkAPI, "list", budget{calls: 2, read: 22}, list},
	{blnkAPI, "find-by-email", budget{calls: 3, read: 2}, findByEmail},
	{blnkAPI, "authorize-cold", budget{calls: 1, read: 2}, authorizeCold},
	{blnkAPI, "authorize-warm", budget{}, authorizeWarm},
	{"job", "deliver-message", budget{calls: 3, write: 6, read: 2}, deliverMessage},
	{"job", "expire-identity", budget{calls: 1, write: 12}, expireIdentity},
}

func create(tb testing.TB, r *benchRegistry, api string) step {
	body, _ := r.newBody(api)
	return r.call(tb, request{api: api, operation: "create-identity", body: body})
}

func createIdempotent(tb testing.TB, r *benchRegistry, api string) step {
	body, email := r.newBody(api)
	return r.call(tb, request{api: api, operation: "create-identity", body: body, idempotencyKey: email})
}

func replay(tb testing.TB, r *benchRegistry, api string) step {
	again := createIdempotent(tb, r, api)
	again()
	return again
}

// newIdentity returns the id of a new identity. Only the Conomy API creates pending ones.
func (r *benchRegistry) newIdentity(tb testing.TB, api string, status identity.Status) string {
	body, _ := r.newBody(api)
	body = strings.Replace(body, string(identity.Active), string(status), 1)
	response := r.call(tb, request{api: api, operation: "create-identity", body: body})()
	var created struct {
		ID     string `json:"id"`
		BlnkID string `json:"identity_id"`
	}
	if err := json.Unmarshal([]byte(response), &created); err != nil {
		tb.Fatal(err)
	}
	return created.ID + created.BlnkID
}

func byID(id string) map[string]string { return map[string]string{"id": id} }

// onIdentity prepares an operation on a new active identity.
func onIdentity(name, body string) func(testing.TB, *benchRegistry, string) step {
	return func(tb testing.TB, r *benchRegistry, api string) step {
		id := r.newIdentity(tb, api, identity.Active)
		return r.call(tb, request{api: api, operation: name, pathParameters: byID(id), body: body})
	}
}

// changeEmail changes a unique field of an identity that has not verified anything.
func changeEmail(tb testing.TB, r *benchRegistry, api string) step {
	id := r.newIdentity(tb, api, identity.Pending)
	_, email := r.newBody(api)
	return r.call(tb, request{api: api, operation: "update-identity", pathParameters: byID(id), body: fmt.Sprintf(`{"email":%q}`, email)})
}

func firstPage(api string) request {
	return request{api: api, operation: "list-identities", query: map[string]string{"limit": "20"}}
}

func list(tb testing.TB, r *benchRegistry, api string) step {
	return r.call(tb, firstPage(api))
}

// listWithTotal lists with an API that has not cached the total.
func listWithTotal(tb testing.TB, r *benchRegistry, api string) step {
	r.wire()
	return r.call(tb, firstPage(api))
}

func listNextPage(tb testing.TB, r *benchRegistry, api string) step {
	q := firstPage(api)
	var first struct {
		Pagination struct{ Next int64 }
	}
	if err := json.Unmarshal([]byte(r.call(tb, q)()), &first); err != nil {
		tb.Fatal(err)
	}
	q.query["next"] = strconv.FormatInt(first.Pagination.Next, 10)
	return r.call(tb, q)
}

func findByEmail(tb testing.TB, r *benchRegistry, api string) step {
	body, email := r.newBody(api)
	r.call(tb, request{api: api, operation: "create-identity", body: body})()
	parameter := "email"
	if api == blnkAPI {
		parameter = "email_address_eq"
	}
	return r.call(tb, request{api: api, operation: "list-identities", query: map[string]string{parameter: email}})
}

func startVerification(tb testing.TB, r *benchRegistry, api string) step {
	id := r.newIdentity(tb, api, identity.Pending)
	return r.call(tb, request{api: api, operation: "start-verification", pathParameters: byID(id), body: `{"channel":"email"}`})
}

func confirmVerification(tb testing.TB, r *benchRegistry, api string) step {
	id := r.newIdentity(tb, api, identity.Pending)
	r.call(tb, request{api: api, operation: "start-verification", pathParameters: byID(id), body: `{"channel":"email"}`})()
	return r.call(tb, request{
		api: api, operation: "confirm-verification", body: fmt.Sprintf(`{"code":%q}`, r.deliverMessages(tb)),
		pathParameters: map[string]string{"id": id, "channel": string(identity.ChannelEmail)},
	})
}

func createToken(tb testing.TB, r *benchRegistry, api string) step {
	body := fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, r.credentials.ClientID, r.credentials.ClientSecret)
	return r.call(tb, request{api: api, operation: "create-token", body: body})
}

func authorizeCold(tb testing.TB, r *benchRegistry, api string) step {
	authorize := r.authorize(tb, api)
	return func() string {
		authorize()
		return ""
	}
}

func authorizeWarm(tb testing.TB, r *benchRegistry, api string) step {
	authorize := authorizeCold(tb, r, api)
	authorize()
	return authorize
}

func deliverMessage(tb testing.TB, r *benchRegistry, _ string) step {
	r.table.messages = nil
	startVerification(tb, r, conomyAPI)()
	return func() string { return r.deliverMessages(tb) }
}

func expireIdentity(tb testing.TB, r *benchRegistry, _ string) step {
	ctx := context.Background()
	pending, err := r.store.Get(ctx, tenant, r.newIdentity(tb, conomyAPI, identity.Pending))
	if err != nil {
		tb.Fatal(err)
	}
	return func() string {
		if err := r.store.Expire(ctx, pending, pending.ExpiresAt.Add(time.Second)); err != nil {
			tb.Fatalf("expire an identity: %v", err)
		}
		return ""
	}
}
