//go:build dynamodb

package runtimeapi_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

const blnkID = "idt_3b63c8de-af2d-4b4e-8a4d-6f8b1c0d9e21"

// blnkStage is a stage with one identity made in Blnk's dialect.
type blnkStage struct {
	*stage
	id string
}

func newBlnkStage(t *testing.T) *blnkStage {
	t.Helper()
	s := newStage(t)
	body, _ := call(t, s.start(t, "blnk/create-identity"), s.event(t, "blnk-create-identity"), 201)
	return &blnkStage{s, body["identity_id"].(string)}
}

// serve sends an operation its sample event, made to speak of the identity.
func (s *blnkStage) serve(t *testing.T, operation string, wantStatus int, pairs ...string) events.APIGatewayProxyResponse {
	t.Helper()
	event := s.event(t, "blnk-"+operation, pairs...)
	return invoke(t, s.start(t, "blnk/"+operation), []byte(strings.ReplaceAll(string(event), blnkID, s.id)), wantStatus)
}

func (s *blnkStage) object(t *testing.T, operation string, wantStatus int, pairs ...string) map[string]any {
	t.Helper()
	var body map[string]any
	decode(t, []byte(s.serve(t, operation, wantStatus, pairs...).Body), &body)
	return body
}

func TestBlnkLists(t *testing.T) {
	s := newBlnkStage(t)
	var list []map[string]any
	decode(t, []byte(s.serve(t, "list-identities", 200).Body), &list)
	if len(list) != 1 || list[0]["identity_id"] != s.id {
		t.Errorf("listed %v", list)
	}
	found := s.object(t, "filter-identities", 200)
	want(t, only(t, found, "data"), map[string]any{"identity_id": s.id})
	want(t, found, map[string]any{"total_count": 1.0})
}

func TestBlnkChanges(t *testing.T) {
	s := newBlnkStage(t)
	want(t, s.object(t, "update-identity", 200), map[string]any{"identity_id": s.id, "city": "Abuja", "other_names": "", "message": ""})
	merged, _ := s.object(t, "update-metadata", 200)["meta_data"].(map[string]any)
	want(t, merged, map[string]any{"tier": "gold", "verified": false})
	want(t, s.object(t, "delete-identity", 200), map[string]any{"message": ""})
	s.serve(t, "get-identity", 404)
}

// TestBlnkTokenization runs the functions that use the vault's key.
func TestBlnkTokenization(t *testing.T) {
	s := newBlnkStage(t)
	s.serve(t, "tokenize-identity", 200)
	s.serve(t, "tokenize-field", 409)
	s.serve(t, "tokenize-field", 200, "FirstName", "LastName")
	if got := s.serve(t, "list-tokenized-fields", 200).Body; got != `{"tokenized_fields":["FirstName","LastName","EmailAddress"]}` {
		t.Errorf("tokenized: %s", got)
	}
	shown := s.object(t, "get-identity", 200)
	if name, _ := shown["first_name"].(string); !strings.HasPrefix(name, "FPT:") || strings.Contains(name, "Adaeze") {
		t.Errorf("first_name is shown as %q", name)
	}
	want(t, s.object(t, "detokenize-field", 200), map[string]any{"field": "FirstName", "value": "Adaeze"})
	values, _ := s.object(t, "detokenize-identity", 200)["fields"].(map[string]any)
	want(t, values, map[string]any{"FirstName": "Adaeze", "EmailAddress": "adaeze.okafor@example.com"})

	// A new value of a tokenized field is sealed, whichever dialect it comes by.
	s.serve(t, "update-identity", 200, `\"city\": \"Abuja\"`, `\"first_name\": \"Bisi\"`)
	want(t, s.object(t, "detokenize-field", 200), map[string]any{"value": "Bisi"})
	patch := s.event(t, "conomy-update-identity", someID, s.id, `\"nickname\": \"Tina\"`, `\"lastname\": \"Nwosu\"`)
	patched, _ := call(t, s.start(t, "conomy/update-identity"), patch, 200)
	if patched["lastname"] == "Nwosu" {
		t.Error("a tokenized field was patched in clear")
	}
	want(t, s.object(t, "detokenize-field", 200, "FirstName", "LastName"), map[string]any{"value": "Nwosu"})
	found := s.object(t, "filter-identities", 200) // by its email, which is tokenized
	want(t, only(t, found, "data"), map[string]any{"identity_id": s.id})
}

func TestBlnkKeys(t *testing.T) {
	s := newBlnkStage(t)
	const sample = "7c2m9x4hq0vt5kzb"
	own := []string{sample + "00000001", s.shown.BlnkKey[4:28], sample, s.shown.ClientID}
	made := s.object(t, "create-api-key", 201, own...)
	key, _ := made["key"].(string)
	authorizer := s.start(t, "authorizers/blnk")
	if effect, _ := decide(t, authorizer, s.event(t, "authorizers-blnk", "BLNK-KEY", key)); effect != "Allow" {
		t.Errorf("the new key: %s", effect)
	}
	var list []map[string]any
	decode(t, []byte(s.serve(t, "list-api-keys", 200, own...).Body), &list)
	if len(list) != 1 || list[0]["api_key_id"] != made["api_key_id"] || strings.Contains(key, list[0]["key"].(string)) && list[0]["key"] == key {
		t.Errorf("listed %v", list)
	}
	id, _ := made["api_key_id"].(string)
	revoke := append([]string{"api_key_" + sample + "00000000", id}, own...)
	s.serve(t, "revoke-api-key", 204, revoke...)
	fresh := s.start(t, "authorizers/blnk") // the other one remembers for 30 s
	if effect, answer := decide(t, fresh, s.event(t, "authorizers-blnk", "BLNK-KEY", key)); effect != "Deny" || answer.Context["code"] != "AUTH_EXPIRED_API_KEY" {
		t.Errorf("the revoked key: %s, %v", effect, answer.Context)
	}
}

// What has no table answers all the same.
func TestBlnkElsewhere(t *testing.T) {
	s := newStage(t)
	for operation, status := range map[string]int{"search": 400, "balances": 404, "refuse-method": 405, "get-root": 200} {
		invoke(t, s.start(t, "blnk/"+operation), s.event(t, "blnk-"+operation), status)
	}
}
