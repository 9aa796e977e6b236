package rest_test

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"testing"
	"time"

	"cedula/infra/apitest"
	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

var dialect = rest.Dialect{
	Name: "api", FingerprintQuery: true, MediaTypes: []string{"text/plain"}, DecodeLenient: strictjson.Decode,
	DefaultOnboarding: identity.OnboardingInstant,
}

type body struct {
	A int `json:"a"`
}

func TestDecodeChecksMediaTypeAndUnknownFields(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		strict bool
		body   string
		want   string
	}{
		{"no media type", nil, false, `{"a":1}`, ""},
		{"JSON", http.Header{"Content-Type": {"application/json"}}, false, `{"a":1}`, ""},
		{"one that the API accepts", http.Header{"Content-Type": {"text/plain"}}, false, `{"a":1}`, ""},
		{"another", http.Header{"Content-Type": {"text/html"}}, false, `{"a":1}`, "Content-Type must be application/json"},
		{"compressed", http.Header{"Content-Encoding": {"gzip"}}, false, `{"a":1}`, "Content-Encoding must be identity, or absent"},
		{"unknown field of a lenient client", nil, false, `{"b":1}`, ""},
		{"unknown field of a strict client", nil, true, `{"b":1}`, "b is not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &gateway.Request{Header: tt.header, Body: []byte(tt.body), Caller: auth.Caller{Strict: tt.strict}}
			var got string
			handler := rest.WithBody(&dialect, func(*gateway.Request, *body) (gateway.Response, error) {
				return gateway.EmptyResponse(http.StatusNoContent), nil
			})
			if _, err := handler(r); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("error = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDraftAndChangeHaveTheCallersSettings(t *testing.T) {
	r := &gateway.Request{
		Header: http.Header{"Idempotency-Key": {"k"}},
		Caller: auth.Caller{
			Tenant: "acme", Scopes: auth.Scopes{auth.ScopeIdentityStatusWrite},
			Policy: auth.Policy{Onboarding: "screening", PendingTTL: time.Hour},
		},
	}
	draft, err := dialect.NewDraft(r)
	if err != nil {
		t.Fatal(err)
	}
	if want := (identity.Policy{Onboarding: "screening", PendingTTL: time.Hour}); draft.Policy != want {
		t.Errorf("Policy = %+v, want %+v", draft.Policy, want)
	}
	if draft.Tenant != "acme" || !draft.Trusted || draft.TestMode || draft.DefaultOnboarding != identity.OnboardingInstant {
		t.Errorf("draft = %+v, want the tenant acme, trusted, not in test mode, instant", draft)
	}
	change, err := dialect.NewChange(r)
	if err != nil {
		t.Fatal(err)
	}
	if change.Tenant != "acme" || change.Idempotency.Key != "k" || change.Idempotency != draft.Idempotency {
		t.Errorf("change = %+v, want the tenant and the idempotency of the draft", change)
	}
}

func TestUpdateChecksHeadersBeforeTheIdentity(t *testing.T) {
	identities := apitest.New(t).Identities
	if _, err := dialect.Update(&gateway.Request{Header: http.Header{"Idempotency-Key": {""}}}, identities, registry.Change{}); err == nil {
		t.Error("Update with an empty Idempotency-Key succeeds, want an error")
	}
	if _, err := dialect.Update(&gateway.Request{}, identities, registry.Change{}); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("Update without an id = %v, want ErrNotFound", err)
	}
}

func TestFingerprintDependsOnTheQueryIfTheAPISaysSo(t *testing.T) {
	key := http.Header{"Idempotency-Key": {"k"}}
	plain, filtered := &gateway.Request{Header: key}, &gateway.Request{Header: key, Query: url.Values{"a": {"1"}}}
	for _, differs := range []bool{true, false} {
		d := dialect
		d.FingerprintQuery = differs
		first, _ := d.Idempotency(plain)
		second, _ := d.Idempotency(filtered)
		if got := first.Fingerprint != second.Fingerprint; got != differs {
			t.Errorf("fingerprints differ = %v, want %v", got, differs)
		}
	}
}

func TestWriteResponseShowsVersionAndReplay(t *testing.T) {
	for _, replayed := range []bool{false, true} {
		result := identity.WriteResult{Identity: identity.Identity{Version: 7}, Replayed: replayed}
		double := func(n *int) int { return 2 * *n }
		got := rest.WriteResponse(http.StatusCreated, result, [][]int{rest.Map(nil, double), rest.Map([]int{1, 2}, double)})
		want := http.Header{"Etag": {gateway.ETag(result.ETag())}}
		if replayed {
			want["Idempotent-Replayed"] = []string{"true"}
		}
		if got.Status != http.StatusCreated || string(got.Body) != "[[],[2,4]]" || !reflect.DeepEqual(got.Header, want) {
			t.Errorf("response = %d %s %v, want 201 [[],[2,4]] %v", got.Status, got.Body, got.Header, want)
		}
	}
}

// docs is a reference whose files contain their own path.
type docs struct{}

func (docs) File(path string) ([]byte, string) { return []byte(path), "text/plain" }

func TestReferenceRoutesArePublic(t *testing.T) {
	routes := rest.ReferenceRoutes(docs{})
	if len(routes) != 3 {
		t.Fatalf("%d routes, want 3", len(routes))
	}
	for _, r := range routes {
		if !r.Public || r.Name != "get-reference" || r.Method != http.MethodGet {
			t.Errorf("route %s = %+v, want a public GET named get-reference", r.Path, r)
		}
		if got, err := r.Serve(&gateway.Request{RoutePath: r.Path}); err != nil || string(got.Body) != r.Path {
			t.Errorf("Serve of %s = %q, %v; want its file", r.Path, got.Body, err)
		}
	}
}
