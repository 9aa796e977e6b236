package lambdatest_test

import (
	"fmt"
	"testing"
)

// newFamilyReplayEnv is a household whose person has two parents, one of which has two
// children.
func newFamilyReplayEnv(t *testing.T) (h *conomyReplayEnv, parent string) {
	t.Helper()
	h = newConomyReplayEnv(t)
	h.callOperation(t, "add-children", 200, h.organisation, h.person)
	event := h.event(t, "conomy-create-identity", append(h.parentReplacements(),
		"12.345.678-5", "77.000.000-1", "customer-4711", "customer-2", "onboarding-4711", "onboarding-2")...)
	made, _ := invokeJSON(t, h.start(t, "conomy/create-identity"), event, 200)
	return h, made["id"].(string)
}

// parentReplacements makes a person of the sample event an organisation with both as children.
func (h *conomyReplayEnv) parentReplacements() []string {
	return []string{
		`\"USER\"`, `\"ORGANIZATION\"`,
		`\"metadata\":`, `\"children\": [{\"id\": \"` + h.organisation + `\", \"name\": \"Martina\", \"email\": \"hello@example.com\"}, ` +
			`{\"id\": \"` + h.person + `\", \"name\": \"Martina\", \"email\": \"martina.rojas@example.com\"}], \"metadata\":`,
	}
}

// TestConomySeveralChildren: what reads one linked identity by itself reads several at
// once, with the same role.
func TestConomySeveralChildren(t *testing.T) {
	h, parent := newFamilyReplayEnv(t)
	for _, operation := range []string{"get-identity", "deactivate-identity", "reactivate-identity", "update-identity"} {
		if children, _ := h.callOperation(t, operation, 200, parent)["children"].([]any); len(children) != 2 {
			t.Errorf("%s: children are %v", operation, children)
		}
	}
	if parents, _ := h.callOperation(t, "list-parents", 200, h.person)["data"].([]any); len(parents) != 2 {
		t.Errorf("parents are %v", parents)
	}
	h.callOperation(t, "add-permissions", 201, parent, h.person)
	h.callOperation(t, "remove-permission", 204, parent, h.person)
	event := h.event(t, "conomy-create-identity", "12.345.678-5", "11.111.111-1", "customer-4711", "customer-5", "onboarding-4711", "onboarding-5",
		"martina.rojas@", "child@", "+56912345678", "+56912345679")
	child, _ := invokeJSON(t, h.start(t, "conomy/create-identity"), event, 200)
	h.callOperation(t, "add-children", 200, parent, child["id"].(string))
	h.callOperation(t, "remove-children", 200, parent, child["id"].(string))
}

// TestConomyVerificationWithChildren is the same for one that has to prove its addresses.
func TestConomyVerificationWithChildren(t *testing.T) {
	h := newConomyReplayEnv(t)
	id := h.createPending(t, "3", append(h.parentReplacements(), "12.345.678-5", "78.000.000-2")...)
	h.verifyChannel(t, "email", id, "PENDING_PHONE_VALIDATION")
	h.verifyChannel(t, "phone", id, "SCREENING")
	for _, operation := range []string{"hold-identity", "release-identity", "decide-screening"} {
		if children, _ := h.callOperation(t, operation, 200, id)["children"].([]any); len(children) != 2 {
			t.Errorf("%s: children are %v", operation, children)
		}
	}
}

// TestDescendantsAreReadWhenChildrenChange: what stands below a new child is looked at, so that nobody
// comes to stand above itself.
func TestDescendantsAreReadWhenChildrenChange(t *testing.T) {
	h, parent := newFamilyReplayEnv(t)
	h.callOperation(t, "remove-children", 200, parent, h.organisation)
	h.callOperation(t, "add-children", 200, parent, h.organisation)
	for n, children := range []string{``, `{\"id\": \"` + h.organisation + `\"}`} {
		event := h.event(t, "conomy-update-identity", sampleID, parent, "5d0c6f1e-update-4711", fmt.Sprint("tree-", n),
			`\"nickname\": \"Tina\"`, `\"children\": [`+children+`]`)
		invokeJSON(t, h.start(t, "conomy/update-identity"), event, 200)
	}
	h.callOperation(t, "delete-identity", 204, parent)
}

// TestListsWithSeveralResults is the same for lists, those by a parent too.
func TestListsWithSeveralResults(t *testing.T) {
	h, parent := newFamilyReplayEnv(t)
	invokeJSON(t, h.start(t, "blnk/create-identity"), h.event(t, "blnk-create-identity"), 201)
	both := `\"email\": \"martina.rojas@example.com\"`
	for name, pairs := range map[string][]string{
		"all":           {both, `\"country\": \"CHL\"`},
		"by parent":     {both, `\"parents\": \"` + parent + `\"`},
		"one by parent": {both, `\"parents\": \"` + h.organisation + `\"`},
	} {
		if found, _ := invokeJSON(t, h.start(t, "conomy/search-identities"), h.event(t, "conomy-search-identities", pairs...), 200); found["data"] == nil {
			t.Errorf("%s: found %v", name, found)
		}
	}
	for _, of := range []string{parent, h.organisation} {
		invokeJSON(t, h.start(t, "conomy/list-identities"), h.event(t, "conomy-list-identities", `"country": "CHL"`, `"parents": "`+of+`"`,
			`"country": [
      "CHL"`, `"parents": [
      "`+of+`"`), 200)
	}
	invoke(t, h.start(t, "blnk/list-identities"), h.event(t, "blnk-list-identities"), 200)
	for _, filter := range []string{`{\"field\": \"identity_type\", \"operator\": \"eq\", \"value\": \"individual\"}`, ``} {
		invoke(t, h.start(t, "blnk/filter-identities"), h.event(t, "blnk-filter-identities",
			`{\"field\": \"country\", \"operator\": \"eq\", \"value\": \"Nigeria\"}, {\"field\": \"email_address\", \"operator\": \"eq\", \"value\": \"adaeze.okafor@example.com\"}`, filter), 200)
	}
}

// TestBlnkIdentityWithParentAndChildren: in Blnk's dialect too an identity may have children, or a
// parent, and a field tokenized before another one.
func TestBlnkIdentityWithParentAndChildren(t *testing.T) {
	h, parent := newFamilyReplayEnv(t)
	b := &blnkReplayEnv{h.replayEnv, parent}
	b.callOperation(t, "update-metadata", 200)
	b.callOperation(t, "update-identity", 200)
	b.callOperation(t, "tokenize-field", 200, "FirstName", "PhoneNumber")
	b.callOperation(t, "tokenize-identity", 200)
	b.callOperation(t, "delete-identity", 200)
}

// TestDeleteIdentityWithManyAccounts: an identity whose parts do not go within one write goes all the same.
func TestDeleteIdentityWithManyAccounts(t *testing.T) {
	for _, folder := range []string{"conomy/delete-identity", "blnk/delete-identity"} {
		h := newConomyReplayEnv(t)
		i, err := h.store.Get(t.Context(), "acme", h.person)
		if err == nil {
			err = h.addWithdrawalAccounts(t.Context(), i, 50)
		}
		if err != nil {
			t.Fatal(err)
		}
		if folder == "conomy/delete-identity" {
			h.callOperation(t, "delete-identity", 204, h.person)
		} else {
			(&blnkReplayEnv{h.replayEnv, h.person}).callOperation(t, "delete-identity", 200)
		}
		h.callOperation(t, "get-identity", 404, h.person)
	}
}
