package conomy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

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

// homoglyphs replaces letters with others that fold to them or look like them.
var homoglyphs = strings.NewReplacer("s", "\u017f", "k", "\u212a", "i", "\u0131", "a", "\u0430", "e", "\u0435")

// drawField returns a field with a name like that of a read-only field, sometimes escaped.
func drawField(r *rapid.T) string {
	name := rapid.SampledFrom(readOnlyNames).Draw(r, "name")
	name = rapid.SampledFrom([]string{
		strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:], homoglyphs.Replace(name), name + "\u200b", " " + name,
		strings.ToLower(name), "$" + name, name, name, name,
	}).Draw(r, "spelling")
	quoted := fmt.Sprintf("%q", name)
	if rapid.Bool().Draw(r, "escaped") {
		quoted = `"`
		for _, c := range name {
			quoted += fmt.Sprintf(`\u%04x`, c)
		}
		quoted += `"`
	}
	return quoted + ":" + rapid.SampledFrom(readOnlyValues).Draw(r, "value")
}

// drawBody adds read-only fields to a body: at its start, at its end, twice, or in an object.
func drawBody(r *rapid.T, body string) string {
	for range rapid.IntRange(1, 3).Draw(r, "fields") {
		f, open := drawField(r), body[:len(body)-1]
		body = rapid.SampledFrom([]string{
			open + `,"metadata":{` + f + `},"meta_data":{` + f + `}}`, open + `,"profile":{` + f + `}}`,
			`{` + f + `,` + f + `,` + body[1:], `{` + f + `,` + body[1:], open + `,` + f + `}`, open + `,` + f + `}`, open + `,` + f + `}`,
		}).Draw(r, "place")
	}
	return body
}

// readOnlyPart returns the part of stored identities that clients cannot write.
func (w *testAPI) readOnlyPart(t testing.TB, ids ...string) (parts []identity.Identity) {
	t.Helper()
	for _, id := range ids {
		i, err := w.Identities.Get(w.Context(), "acme", id)
		if err != nil {
			t.Fatal(err)
		}
		i.Profile, i.StoreState, i.HasClaims, i.Version, i.UpdatedAt = identity.Profile{}, nil, false, 0, i.CreatedAt
		parts = append(parts, i)
	}
	return parts
}

func TestReadOnlyFieldsAreKept(t *testing.T) {
	const blnkPerson = `{"identity_type":"individual","first_name":"Juana","last_name":"Canaria","email_address":"juana.canaria@example.com"}`
	w := newTestAPI(t)
	w.Now = w.Now.Truncate(time.Second)
	blnkAPI := &blnk.API{Identities: w.Identities, Cursors: blnk.NewCursorCodec([]byte("deployment secret"))}
	conomyID := w.mustCreate(createRequest(juana).WithCaller(testModeCaller))
	blnkID := text(t, w.SendTo(blnkAPI, createRequest(blnkPerson).WithCaller(testModeCaller)).Body, "identity_id")
	requests := []struct {
		api gateway.API
		request
	}{
		{w.api, createRequest("")}, // a different person each time
		{blnkAPI, createRequest(blnkPerson)},
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
	before := w.readOnlyPart(t, conomyID, blnkID)
	sent, accepted := 0, 0
	send := func(r *rapid.T) {
		q := rapid.SampledFrom(requests).Draw(r, "request")
		if sent++; q.Body == "" {
			q.Body = withPassport(fmt.Sprintf("P-%08d", sent))
		}
		isStrict := rapid.IntRange(0, 5).Draw(r, "strict") == 0
		q.Body = drawBody(r, q.Body)
		w.Transcript.Reset()
		got := w.SendTo(q.api, q.WithCaller(clientInTestMode(isStrict)))
		if got.StatusCode >= 500 {
			r.Fatalf("%s %s: status = %d, want less than 500: %s", q.Operation, q.Body, got.StatusCode, got.Body)
		}
		if diff := cmp.Diff(before, w.readOnlyPart(t, conomyID, blnkID)); diff != "" {
			r.Fatalf("%s %s changed read-only fields (-before +after):\n%s", q.Operation, q.Body, diff)
		}
		if got.StatusCode < 400 {
			accepted++
		}
		if q.Operation != "create-identity" || got.StatusCode >= 400 {
			return
		}
		id := strings.Trim(jsonAt(t, got.Body, "id")+jsonAt(t, got.Body, "identity_id"), `"`)
		want := identity.Identity{
			Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContactAndScreening, TestMode: true,
			ExpiresAt: w.Now.Add(identity.DefaultPendingTTL), CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		if diff := cmp.Diff([]identity.Identity{want}, w.readOnlyPart(t, id)); diff != "" {
			r.Fatalf("%s creates an identity with read-only fields (-want +got):\n%s", q.Body, diff)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		for range 5 {
			send(r)
		}
	})
	if accepted == 0 {
		t.Errorf("none of %d requests was accepted, want some", sent)
	}
}
