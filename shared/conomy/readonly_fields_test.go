package conomy_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// readOnlyNames are what only the registry writes, as clients might spell it.
var readOnlyNames = []string{
	"id", "status", "kyc", "watchList", "createdAt", "updatedAt", "version", "tenant", "expiresAt", "requirements", "hold", "steps",
	"proofs", "tokenizedFields", "identity_id", "created_at", "updated_at", "expires_at", "test", "policy", "review", "reminded",
	"sealed", "dataKey", "parent", "claims", "pendingEmail", "pendingPhone", "documentCheck", "trusted", "Profile", "Held",
}

var readOnlyValues = []string{
	`"ACTIVE"`, `"BLOCKED"`, `"SCREENING"`, `"idt_00000000-0000-4000-8000-000000000000"`, `"000000000000000000000000"`, `"other"`,
	`"instant"`, `"2020-01-01T00:00:00Z"`, `9`, `true`, `null`, `[]`, `{}`, `["ACTIVE"]`, `{"status":"ACTIVE"}`, `{"reason":"x","since":"2020-01-01T00:00:00Z"}`,
	`[{"channel":"email","proven":"2020-01-01T00:00:00Z"}]`, `{"currentlyDue":[],"pending":[],"dueBy":null}`, `{"outcome":"clear"}`, `["name"]`,
}

// homoglyphs are letters that fold to others, or look like them.
var homoglyphs = strings.NewReplacer("s", "\u017f", "k", "\u212a", "i", "\u0131", "a", "\u0430", "e", "\u0435")

// drawReadOnlyName returns the JSON of a name that may be taken for a read-only one, at
// times in escapes.
func drawReadOnlyName(r *rapid.T) string {
	name := rapid.SampledFrom(readOnlyNames).Draw(r, "name")
	spellings := []string{
		strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], homoglyphs.Replace(name), name + "\u200b", " " + name,
		strings.ToLower(name), "$" + name, name, name, name,
	}
	name = rapid.SampledFrom(spellings).Draw(r, "spelling")
	if !rapid.Bool().Draw(r, "escaped") {
		return fmt.Sprintf("%q", name)
	}
	var b strings.Builder
	for _, c := range name {
		fmt.Fprintf(&b, `\u%04x`, c)
	}
	return `"` + b.String() + `"`
}

// drawBody adds read-only members to a Body: at its start, its end, twice, or in a
// part of it that the client may fill.
func drawBody(r *rapid.T, body string) string {
	for range rapid.IntRange(1, 3).Draw(r, "members") {
		m := drawReadOnlyName(r) + ":" + rapid.SampledFrom(readOnlyValues).Draw(r, "value")
		open := body[:len(body)-1]
		bodies := []string{
			open + `,"metadata":{` + m + `},"meta_data":{` + m + `}}`, open + `,"profile":{` + m + `}}`,
			`{` + m + `,` + m + `,` + body[1:], `{` + m + `,` + body[1:], open + `,` + m + `}`, open + `,` + m + `}`, open + `,` + m + `}`,
		}
		body = rapid.SampledFrom(bodies).Draw(r, "place")
	}
	return body
}

// readOnlyPart returns the part of a stored identity that no client writes.
func (w *testAPI) readOnlyPart(t testing.TB, id string) identity.Identity {
	t.Helper()
	i, err := w.Identities.Get(context.Background(), "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	i.Profile = identity.Profile{}
	i.StoreState, i.HasClaims = nil, false
	i.Version = 0
	i.UpdatedAt = i.CreatedAt
	return i
}

func TestReadOnlyFieldsAreKept(t *testing.T) {
	const blnkPerson = `{"identity_type":"individual","first_name":"Juana","last_name":"Canaria","email_address":"juana.canaria@example.com","phone_number":"+56900000001","country":"Chile","dob":"1990-01-15","meta_data":{"a":1}}`
	w := newTestAPI(t)
	w.Now = w.Now.Truncate(time.Second)
	blnkAPI := &blnk.API{Identities: w.Identities, Cursors: blnk.NewCursorCodec([]byte("deployment secret"))}
	conomyID := w.mustCreate(createRequest(juana).WithCaller(testModeCaller))
	blnkID := text(t, w.SendTo(blnkAPI, createRequest(blnkPerson).WithCaller(testModeCaller)).Body, "identity_id")
	changes := []struct {
		api gateway.API
		request
	}{
		{w.api, patchRequest(conomyID, `{"nickname":"n"}`)},
		{w.api, patchRequest(blnkID, `{"nickname":"n"}`)},
		{w.api, newRequest("deactivate-identity", conomyID, `{"reason":"x"}`)},
		{w.api, newRequest("reactivate-identity", conomyID, `{"reason":"x"}`)},
		{w.api, searchRequest(`{"type":"USER"}`)},
		{w.api, newRequest("add-permissions", conomyID, `{"x":1}`)},
		{blnkAPI, newRequest("update-identity", blnkID, `{"category":"c"}`)},
		{blnkAPI, newRequest("update-identity", conomyID, `{"category":"c"}`)},
		{blnkAPI, newRequest("update-metadata", blnkID, `{"meta_data":{}}`)},
		{blnkAPI, newRequest("filter-identities", "", `{"filters":[]}`)},
	}
	created, changed := 0, 0
	send := func(r *rapid.T, api gateway.API, q request) (body string, ok bool) {
		q.Body = drawBody(r, q.Body)
		q.Caller = testModeCaller
		if rapid.IntRange(0, 5).Draw(r, "strict") == 0 {
			q.Caller = clientInTestMode(true)
		}
		w.Transcript.Reset()
		got := w.SendTo(api, q)
		if got.StatusCode >= 500 {
			r.Fatalf("%s %s: got %d %s", q.Operation, q.Body, got.StatusCode, got.Body)
		}
		return got.Body, got.StatusCode < 400
	}
	create := func(r *rapid.T) {
		api, body, member := gateway.API(w.api), withPassport(fmt.Sprintf("P-%08d", created)), "id"
		if rapid.Bool().Draw(r, "Blnk") {
			api, body, member = blnkAPI, blnkPerson, "identity_id"
		}
		got, ok := send(r, api, createRequest(body))
		if !ok {
			return
		}
		created++
		id := text(t, got, member)
		want := identity.Identity{
			Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContactAndScreening, TestMode: true,
			ExpiresAt: w.Now.Add(identity.DefaultPendingTTL), CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		if diff := cmp.Diff(want, w.readOnlyPart(t, id)); diff != "" {
			r.Fatalf("created with read-only fields (-want +got): %s", diff)
		}
	}
	change := func(r *rapid.T) {
		c := rapid.SampledFrom(changes).Draw(r, "operation")
		before := []identity.Identity{w.readOnlyPart(t, conomyID), w.readOnlyPart(t, blnkID)}
		if _, ok := send(r, c.api, c.request); ok {
			changed++
		}
		if diff := cmp.Diff(before, []identity.Identity{w.readOnlyPart(t, conomyID), w.readOnlyPart(t, blnkID)}); diff != "" {
			r.Fatalf("%s changed read-only fields (-want +got): %s", c.Operation, diff)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 5 {
			if rapid.Bool().Draw(r, "create") {
				create(r)
			} else {
				change(r)
			}
		}
	})
	if created == 0 || changed == 0 {
		t.Errorf("%d created, %d changed, want some of both", created, changed)
	}
}

// TestTrustedClientSetsOnlyTheStatus also holds the status to the table of
// transitions.
func TestTrustedClientSetsOnlyTheStatus(t *testing.T) {
	w := newTestAPI(t)
	transitions := make(map[identity.Status][]identity.Status)
	statuses := []string{"", "active", "PENDING ", "GOLD", "ACT\u0130VE", "PENDING"}
	for _, row := range identity.Transitions {
		transitions[row.From] = row.To
		statuses = append(statuses, string(row.From))
	}
	people, moved, stayed := 0, 0, 0
	begin := func() string {
		people++
		return w.createPending(t, fmt.Sprintf("P-%08d", people))
	}
	id := begin()
	step := func(r *rapid.T) {
		if rapid.IntRange(0, 9).Draw(r, "new") == 0 {
			id = begin()
		}
		before := w.readOnlyPart(t, id)
		to := rapid.SampledFrom(statuses).Draw(r, "status")
		body := drawBody(r, fmt.Sprintf(`{"nickname":"n","status":%q}`, to))
		got := w.Attack(t, patchRequest(id, body).WithCaller(trustedCaller))
		after := w.readOnlyPart(t, id)
		want := before.Status
		if got.StatusCode == 200 {
			want = identity.Status(to)
		}
		if after.Status != want {
			r.Fatalf("%s: got %d and status %s, want %s", body, got.StatusCode, after.Status, want)
		}
		if after.Status == before.Status {
			stayed++
		} else {
			moved++
			if !slices.Contains(transitions[before.Status], after.Status) {
				r.Fatalf("%s moved %s to %s, which is not a transition", body, before.Status, after.Status)
			}
		}
		if after.Status.Pending() == after.ExpiresAt.IsZero() {
			r.Fatalf("%s has the deadline %v", after.Status, after.ExpiresAt)
		}
		if slices.ContainsFunc(after.Verifications, func(p identity.Verification) bool { return !p.VerifiedAt.IsZero() }) {
			r.Fatalf("%s verified an address", body)
		}
		// A step of the status takes these with it.
		before.Status = after.Status
		before.ExpiresAt = after.ExpiresAt
		before.Review = after.Review
		before.Verifications = after.Verifications
		if diff := cmp.Diff(before, after); diff != "" {
			r.Fatalf("%s (-want +got): %s", body, diff)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 5 {
			step(r)
		}
	})
	if moved == 0 || stayed == 0 {
		t.Errorf("%d moved, %d stayed, want some of both", moved, stayed)
	}
}
