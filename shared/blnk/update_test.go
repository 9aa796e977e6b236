package blnk_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestUpdate(t *testing.T) {
	w := newFullIdentityAPI(t)
	w.Now = w.Now.Add(1000)
	for _, body := range []string{
		`{"first_name":"Alicia","city":"Toronto"}`,
		`{"other_names":"","gender":null,"dob":null,"meta_data":null}`,
		`{"identity_id":"idt_22222222-2222-4222-8222-222222222222","created_at":"2001-01-01T00:00:00Z","state":"Quebec","nickname":"x"}`,
		`{"identity_type":"alien","dob":"1991-02-16","meta_data":{"only":"this"}}`,
		`{}`,
		`{"created_at":"2001-01-01T00:00:00Z"}`,
		`{"dob":"yesterday"}`,
		`{"city":5}`,
	} {
		w.Send(identityRequest("update-identity", body))
	}
	w.Send(identityRequest("get-identity", ""))
	w.Send(newRequest("update-identity", absentID, `{"city":"x"}`))
	w.CheckGolden("update")
}

// TestUpdateFields: each field can be set and cleared, and no other moves.
func TestUpdateFields(t *testing.T) {
	for _, name := range identityFields {
		if name == "identity_id" || name == "created_at" {
			continue
		}
		set, cleared := `"New text"`, `""`
		switch name {
		case "dob":
			set, cleared = `"2001-02-03T00:00:00Z"`, `"0001-01-01T00:00:00Z"`
		case "meta_data":
			set, cleared = `{"big":9007199254740993}`, "null"
		}
		for _, clear := range []string{"null", `""`} {
			if name == "meta_data" && clear == `""` {
				continue
			}
			t.Run(name+" cleared by "+clear, func(t *testing.T) {
				w := newFullIdentityAPI(t)
				before := w.Send(identityRequest("get-identity", "")).Body
				for sent, want := range map[string]string{set: set, clear: cleared} {
					got := w.Send(identityRequest("update-identity", fmt.Sprintf(`{%q:%s}`, name, sent)))
					wantStatus(t, got, 200)
					for _, other := range identityFields {
						shown, should := jsonAt(t, got.Body, other), jsonAt(t, before, other)
						if other == name {
							should = want
						}
						wantEqual(t, other+" after "+sent, shown, should)
					}
				}
			})
		}
	}
}

func TestConditionalChanges(t *testing.T) {
	w := newFullIdentityAPI(t)
	w.Send(identityRequest("update-identity", `{"city":"A"}`).WithHeader("If-Match", etag(7)))
	w.Send(identityRequest("delete-identity", "").WithHeader("If-Match", etag(7)))
	w.Send(identityRequest("update-identity", `{"city":"B"}`).WithHeader("If-Match", etag(1)).WithHeader("Idempotency-Key", "k"))
	w.Send(identityRequest("update-identity", `{"city":"B"}`).WithHeader("If-Match", etag(1)).WithHeader("Idempotency-Key", "k"))
	w.Send(identityRequest("update-identity", `{"city":"C"}`).WithHeader("Idempotency-Key", "k"))
	w.Send(identityRequest("get-identity", "").WithHeader("If-None-Match", etag(2)))
	w.Send(identityRequest("delete-identity", "").WithHeader("If-Match", etag(2)))
	w.Send(identityRequest("delete-identity", ""))
	w.Send(identityRequest("get-identity", ""))
	w.CheckGolden("conditional")
}

// TestStrictClientErrors: a strict client's mistakes are refused, in Blnk's way.
func TestStrictClientErrors(t *testing.T) {
	for _, tt := range []struct{ name, body, code, text string }{
		{"no type", `{"first_name":"A"}`, validation, "identity_type must be individual or organization"},
		{"another type", `{"identity_type":"alien"}`, validation, "identity_type must be individual or organization"},
		{"no email address", `{"identity_type":"individual","email_address":"not an email"}`, validation, "email_address must be an email address such as name@example.com"},
		{"a member nobody knows", `{"identity_type":"individual","nickname":"x"}`, validation, "nickname is not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFullIdentityAPI(t)
			wantError(t, w.Send(createRequest(tt.body).WithCaller(strictCaller)), 400, tt.code, tt.text)
			if !strings.Contains(tt.name, "no type") {
				wantError(t, w.Send(identityRequest("update-identity", tt.body).WithCaller(strictCaller)), 400, tt.code, tt.text)
			}
		})
	}
	w := newFullIdentityAPI(t)
	wantStatus(t, w.Send(createRequest(seedBody).WithCaller(strictCaller)), 201)
	wantStatus(t, w.Send(identityRequest("update-identity", `{"city":"x"}`).WithCaller(strictCaller)), 200) // the email that is there already may stay
	wantError(t, w.Send(identityRequest("update-metadata", `{"meta_data":{},"x":1}`).WithCaller(strictCaller)), 400, malformed, "x is not known")
	wantError(t, w.Send(identityRequest("update-identity", `{"identity_id":"x","created_at":1}`).WithCaller(strictCaller)), 400, "GEN_BAD_REQUEST", "No fields provided for update")
	read := w.Send(createRequest(seedBody).WithCaller(strictCaller))
	wantStatus(t, w.Send(createRequest(strings.Replace(read.Body, jsonAt(t, read.Body, "identity_id"), `""`, 1)).WithCaller(strictCaller)), 201)
	back := newRequest("update-identity", text(t, read.Body, "identity_id"), read.Body)
	wantEqual(t, "created_at", jsonAt(t, w.Send(back.WithCaller(strictCaller)).Body, "created_at"), jsonAt(t, read.Body, "created_at"))
	wantStatus(t, w.Send(createRequest(`{"identity_type":"individual"}`).WithCaller(strictCaller)), 201)
}

func TestMetadata(t *testing.T) {
	w := newFullIdentityAPI(t)
	for _, body := range []string{
		`{"meta_data":{"a":2.50,"new":{"deep":[1,{"x":null}]},"gone":null}}`,
		`{"meta_data":{"m":1E400,"BLNK_GENERATED_BY":"x","tokenized_fields":{"FirstName":true},"<&>":"\u003c"}}`,
		`{"meta_data":{}}`,
		`{"meta_data":null}`,
		`{}`,
		`{"meta_data":[1]}`,
		`{"meta_data":"x"}`,
		`[]`,
		``,
	} {
		w.Send(identityRequest("update-metadata", body))
	}
	w.Send(identityRequest("list-tokenized-fields", ""))
	w.Send(newRequest("update-metadata", absentID, `{"meta_data":{"a":1}}`))
	w.Send(newRequest("update-metadata", "no id", `{"meta_data":{"a":1}}`))
	w.CheckGolden("metadata")
}

// TestOversizedMetadataIsRejected: what does not fit leaves all as it was.
func TestOversizedMetadataIsRejected(t *testing.T) {
	w := newFullIdentityAPI(t)
	large := `{"meta_data":{"` + strings.Repeat("k", 200<<10) + `":1}}`
	wantStatus(t, w.Send(identityRequest("update-metadata", large)), 200)
	wantError(t, w.Send(identityRequest("update-metadata", strings.Replace(large, "k", "j", 1))), 413, tooLarge, "Identity is too large")
	wantEqual(t, "the rejected metadata was written", strings.Contains(w.Send(identityRequest("get-identity", "")).Body, "jkkk"), false)
}
