package blnk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
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

// TestUpdateFields sets and clears each field and checks that no other field changes.
func TestUpdateFields(t *testing.T) {
	const noDate = `"0001-01-01T00:00:00Z"`
	changes := map[string][][2]string{ // the value sent and the value shown
		"dob":       {{`"2001-02-03"`, `"2001-02-03T00:00:00Z"`}, {"null", noDate}, {`"2001-02-03"`, `"2001-02-03T00:00:00Z"`}, {`""`, noDate}, {noDate, noDate}},
		"meta_data": {{`{"big":9007199254740993}`, `{"big":9007199254740993}`}, {"null", "null"}},
	}
	for _, name := range textFields {
		changes[name] = [][2]string{{`"New text"`, `"New text"`}, {"null", `""`}, {`"Other text"`, `"Other text"`}, {`""`, `""`}}
	}
	w := newFullIdentityAPI(t)
	for name, list := range changes {
		others := slices.DeleteFunc(slices.Clone(identityFields), func(field string) bool { return field == name })
		for _, change := range list {
			before := w.Send(getRequest(ownID)).Body
			got := w.Send(identityRequest("update-identity", fmt.Sprintf(`{%q:%s}`, name, change[0])))
			wantEqual(t, name+" after "+change[0], jsonAt(t, got.Body, name), change[1])
			apitest.WantUnchanged(t, before, got.Body, others...)
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

func TestStrictClientErrors(t *testing.T) {
	w := newFullIdentityAPI(t)
	send := func(q request) events.APIGatewayProxyResponse { return w.Send(q.WithCaller(strictCaller)) }
	const invalidType = "identity_type must be individual or organization"
	wantError(t, send(createRequest(`{"first_name":"A"}`)), 400, validation, invalidType)
	for body, want := range map[string]string{
		`{"identity_type":"alien"}`:                                     invalidType,
		`{"identity_type":"individual","email_address":"not an email"}`: "email_address must be an email address such as name@example.com",
		`{"identity_type":"individual","nickname":"x"}`:                 "nickname is not known",
	} {
		wantError(t, send(createRequest(body)), 400, validation, want)
		wantError(t, send(identityRequest("update-identity", body)), 400, validation, want)
	}
	wantStatus(t, send(identityRequest("update-identity", `{"city":"x"}`)), 200) // the stored email may be invalid
	wantError(t, send(identityRequest("update-metadata", `{"meta_data":{},"x":1}`)), 400, malformed, "x is not known")
	wantError(t, send(identityRequest("update-identity", `{"identity_id":"x","created_at":1}`)), 400, "GEN_BAD_REQUEST", "No fields provided for update")
}

// TestStrictClientMaySendResponsesBack checks that requests may contain the read-only fields of a response.
func TestStrictClientMaySendResponsesBack(t *testing.T) {
	w := newTestAPI(t)
	read := w.Send(createRequest(seedBody).WithCaller(strictCaller))
	wantStatus(t, read, 201)
	wantStatus(t, w.Send(createRequest(`{"identity_type":"individual"}`).WithCaller(strictCaller)), 201)
	id := text(t, read.Body, "identity_id")
	wantStatus(t, w.Send(createRequest(strings.Replace(read.Body, id, "", 1)).WithCaller(strictCaller)), 201)
	updated := w.Send(newRequest("update-identity", id, read.Body).WithCaller(strictCaller))
	wantEqual(t, "created_at", jsonAt(t, updated.Body, "created_at"), jsonAt(t, read.Body, "created_at"))
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

func TestOversizedMetadataIsRejected(t *testing.T) {
	w := newFullIdentityAPI(t)
	large := `{"meta_data":{"` + strings.Repeat("k", 200<<10) + `":1}}`
	wantStatus(t, w.Send(identityRequest("update-metadata", large)), 200)
	wantError(t, w.Send(identityRequest("update-metadata", strings.Replace(large, "k", "j", 1))), 413, tooLarge, "Identity is too large")
	wantEqual(t, "the rejected metadata was written", strings.Contains(w.Send(identityRequest("get-identity", "")).Body, "jkkk"), false)
}
