package lambdatest_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

const sampleBlnkID = "idt_3b63c8de-af2d-4b4e-8a4d-6f8b1c0d9e21"

// blnkReplayEnv is a stage with one identity made in Blnk's dialect.
type blnkReplayEnv struct {
	*replayEnv
	id string
}

func newBlnkReplayEnv(t *testing.T) *blnkReplayEnv {
	t.Helper()
	s := newReplayEnv(t)
	body, _ := invokeJSON(t, s.start(t, "blnk/create-identity"), s.event(t, "blnk-create-identity"), 201)
	return &blnkReplayEnv{s, body["identity_id"].(string)}
}

// callOperation sends an operation its sample event, made to speak of the identity.
func (s *blnkReplayEnv) callOperation(t *testing.T, operation string, wantStatus int, pairs ...string) events.APIGatewayProxyResponse {
	t.Helper()
	event := s.event(t, "blnk-"+operation, pairs...)
	return invoke(t, s.start(t, "blnk/"+operation), []byte(strings.ReplaceAll(string(event), sampleBlnkID, s.id)), wantStatus)
}

func (s *blnkReplayEnv) callJSON(t *testing.T, operation string, wantStatus int, pairs ...string) map[string]any {
	t.Helper()
	var body map[string]any
	decode(t, []byte(s.callOperation(t, operation, wantStatus, pairs...).Body), &body)
	return body
}

func TestBlnkLists(t *testing.T) {
	s := newBlnkReplayEnv(t)
	var list []map[string]any
	decode(t, []byte(s.callOperation(t, "list-identities", 200).Body), &list)
	if len(list) != 1 || list[0]["identity_id"] != s.id {
		t.Errorf("listed %v", list)
	}
	found := s.callJSON(t, "filter-identities", 200)
	assertFields(t, singleElement(t, found, "data"), map[string]any{"identity_id": s.id})
	assertFields(t, found, map[string]any{"total_count": 1.0})
}

func TestBlnkChanges(t *testing.T) {
	s := newBlnkReplayEnv(t)
	assertFields(t, s.callJSON(t, "update-identity", 200), map[string]any{"identity_id": s.id, "city": "Abuja", "other_names": "", "message": ""})
	merged, _ := s.callJSON(t, "update-metadata", 200)["meta_data"].(map[string]any)
	assertFields(t, merged, map[string]any{"tier": "gold", "verified": false})
	assertFields(t, s.callJSON(t, "delete-identity", 200), map[string]any{"message": ""})
	s.callOperation(t, "get-identity", 404)
}

// TestBlnkTokenization runs the functions that use the vault's key.
func TestBlnkTokenization(t *testing.T) {
	s := newBlnkReplayEnv(t)
	s.callOperation(t, "tokenize-identity", 200)
	s.callOperation(t, "tokenize-field", 409)
	s.callOperation(t, "tokenize-field", 200, "FirstName", "LastName")
	if got := s.callOperation(t, "list-tokenized-fields", 200).Body; got != `{"tokenized_fields":["FirstName","LastName","EmailAddress"]}` {
		t.Errorf("tokenized: %s", got)
	}
	shown := s.callJSON(t, "get-identity", 200)
	if name, _ := shown["first_name"].(string); !strings.HasPrefix(name, "FPT:") || strings.Contains(name, "Adaeze") {
		t.Errorf("first_name is shown as %q", name)
	}
	assertFields(t, s.callJSON(t, "detokenize-field", 200), map[string]any{"field": "FirstName", "value": "Adaeze"})
	values, _ := s.callJSON(t, "detokenize-identity", 200)["fields"].(map[string]any)
	assertFields(t, values, map[string]any{"FirstName": "Adaeze", "EmailAddress": "adaeze.okafor@example.com"})

	// A new value of a tokenized field is sealed, whichever dialect it comes by.
	s.callOperation(t, "update-identity", 200, `\"city\": \"Abuja\"`, `\"first_name\": \"Bisi\"`)
	assertFields(t, s.callJSON(t, "detokenize-field", 200), map[string]any{"value": "Bisi"})
	patch := s.event(t, "conomy-update-identity", sampleID, s.id, `\"nickname\": \"Tina\"`, `\"lastname\": \"Nwosu\"`)
	patched, _ := invokeJSON(t, s.start(t, "conomy/update-identity"), patch, 200)
	if patched["lastname"] == "Nwosu" {
		t.Error("a tokenized field was patched in clear")
	}
	assertFields(t, s.callJSON(t, "detokenize-field", 200, "FirstName", "LastName"), map[string]any{"value": "Nwosu"})
	found := s.callJSON(t, "filter-identities", 200) // by its email, which is tokenized
	assertFields(t, singleElement(t, found, "data"), map[string]any{"identity_id": s.id})
}

func TestBlnkKeys(t *testing.T) {
	s := newBlnkReplayEnv(t)
	const sample = "7c2m9x4hq0vt5kzb"
	own := []string{sample + "00000001", s.credentials.Keys["blnk"][4:28], sample, s.credentials.ClientID}
	made := s.callJSON(t, "create-api-key", 201, own...)
	key, _ := made["key"].(string)
	authorizer := s.start(t, "authorizers/blnk")
	if effect, _ := invokeAuthorizer(t, authorizer, s.event(t, "authorizers-blnk", "BLNK-KEY", key)); effect != "Allow" {
		t.Errorf("the new key: %s", effect)
	}
	var list []map[string]any
	decode(t, []byte(s.callOperation(t, "list-api-keys", 200, own...).Body), &list)
	if len(list) != 1 || list[0]["api_key_id"] != made["api_key_id"] || strings.Contains(key, list[0]["key"].(string)) && list[0]["key"] == key {
		t.Errorf("listed %v", list)
	}
	id, _ := made["api_key_id"].(string)
	revoke := append([]string{"api_key_" + sample + "00000000", id}, own...)
	s.callOperation(t, "revoke-api-key", 204, revoke...)
	fresh := s.start(t, "authorizers/blnk") // the other one remembers for 30 s
	if effect, answer := invokeAuthorizer(t, fresh, s.event(t, "authorizers-blnk", "BLNK-KEY", key)); effect != "Deny" || answer.Context["code"] != "AUTH_EXPIRED_API_KEY" {
		t.Errorf("the revoked key: %s, %v", effect, answer.Context)
	}
}

// What has no table answers all the same.
func TestBlnkNotImplemented(t *testing.T) {
	s := newReplayEnv(t)
	for operation, status := range map[string]int{"search": 400, "balances": 404, "refuse-method": 405, "get-root": 200} {
		invoke(t, s.start(t, "blnk/"+operation), s.event(t, "blnk-"+operation), status)
	}
}
