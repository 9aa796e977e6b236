package lambdatest_test

import (
	"crypto/rand"
	"slices"
	"testing"
)

// The ids in the sample events that a deployment has not generated.
const (
	sampleID        = "6926e3f0a1b2c3d4e5f60718"
	otherSampleID   = "6926e3f1a1b2c3d4e5f60719"
	sampleAccountID = "6926e402a1b2c3d4e5f6071a"
	sampleBlnkID    = "idt_3b63c8de-af2d-4b4e-8a4d-6f8b1c0d9e21"
)

// about replaces the ids of the sample events.
func about(ids ...string) []string {
	pairs := []string{sampleID, ids[0]}
	if len(ids) > 1 {
		pairs = append(pairs, otherSampleID, ids[1])
	}
	return pairs
}

// blnkID replaces the id of the sample events of the Blnk API, and other pairs.
func blnkID(id string, pairs ...string) []string { return append([]string{sampleBlnkID, id}, pairs...) }

// another makes the sample event of conomy/create-identity create another identity than the sample.
func another(document, number string, pairs ...string) []string {
	return append([]string{"12.345.678-5", document, "customer-4711", "customer-" + number, "onboarding-4711", "onboarding-" + number}, pairs...)
}

var organisation = []string{`\"USER\"`, `\"ORGANIZATION\"`}

func withChildren(children string) []string {
	return []string{`\"metadata\":`, `\"children\": [` + children + `], \"metadata\":`}
}

const (
	organisationChild = `{\"id\": \"$organisation\", \"name\": \"Martina\", \"email\": \"hello@example.com\"}`
	personChild       = `{\"id\": \"$person\", \"name\": \"Martina\", \"email\": \"martina.rojas@example.com\"}`
	twoChildren       = `{"children":["*","*"]}`
)

// pending makes the sample event create an identity that requires verified contacts and screening. Its codes are known.
func pending(number string, pairs ...string) []string {
	return slices.Concat([]string{
		"martina.rojas@", "martina." + number + "+verifies@", "+56912345678", "+56912000001",
		"customer-4711", "customer-" + number, "onboarding-4711", "onboarding-" + number,
		`"scopes": "identity:read identity:status:write identity:write"`,
		`"scopes": "identity:read identity:write", "stage": "test", "steps": "contact+screening"`,
	}, pairs)
}

// verify sends a code to a contact of $pending and confirms it.
func verify(channel, status string) []step {
	this := []string{sampleID, "$pending", "email", channel}
	return []step{
		{"conomy/start-verification", append(this, "5d0c6f1e-verify-4711", rand.Text()), 201, `{"channel":"` + channel + `","sentAt":"*","expiresAt":"*","nextAt":"*"}`},
		{"conomy/confirm-verification", append(this, "000000", "314159"), 400, ``},
		{"conomy/confirm-verification", this, 200, `{"id":"$pending","status":"` + status + `"}`},
	}
}

// household is an organisation and a person.
var household = []step{
	{"conomy/create-identity", another("76.000.000-0", "1", append(organisation, "martina.rojas@", "hello@")...), 200, `{"id":"$organisation"}`},
	{"conomy/create-identity", nil, 200, `{"id":"$person"}`},
}

// family is a household whose person has two parents, one of which has two children.
var family = slices.Concat(household, []step{
	{"conomy/add-children", about("$organisation", "$person"), 200, ``},
	{
		"conomy/create-identity", another("77.000.000-1", "2", append(organisation, withChildren(organisationChild+", "+personChild)...)...),
		200, `{"id":"$parent","children":["*","*"]}`,
	},
})

var blnkIdentity = []step{{"blnk/create-identity", nil, 201, `{"identity_id":"$id"}`}}

// scenarios are calls that follow one another in a deployment of their own. Together they make every call of an AWS
// service that an operation may make.
var scenarios = map[string][]step{
	"conomy: one identity": {
		{"conomy/create-identity", nil, 200, `{"id":"$person","type":"USER","status":"ACTIVE","documentNumber":"12.345.678-5","email":"martina.rojas@example.com","createdAt":"*","name":"Martina"}`},
		{"conomy/create-identity", nil, 200, `{"id":"$person"}`},
		{"conomy/get-identity", about("$person"), 200, `{"id":"$person","email":"martina.rojas@example.com"}`},
		{"blnk/get-identity", blnkID("$person"), 200, `{"identity_id":"$person","first_name":"Martina"}`},
		{"conomy/get-identity", nil, 404, `{"code":"31"}`},
		{"conomy/get-identity", append(about("$person"), `"tenant": "acme"`, `"tenant": "other"`), 404, `{"code":"31"}`},
	},
	"conomy: changes": slices.Concat(household, []step{
		{"conomy/update-identity", about("$person"), 200, `{"id":"$person","nickname":"Tina","lastname":"Rojas Soto"}`},
		{"conomy/deactivate-identity", about("$person"), 200, `{"id":"$person","status":"INACTIVE"}`},
		{"conomy/reactivate-identity", about("$person"), 200, `{"id":"$person","status":"ACTIVE"}`},
		{"conomy/delete-identity", about("$person"), 204, ``},
		{"conomy/get-identity", about("$person"), 404, `{"code":"31"}`},
	}),
	"conomy: a child": slices.Concat(household, []step{
		{"conomy/add-children", about("$organisation", "$person"), 200, `{"children":[{"id":"$person","name":"Martina"}]}`},
		{"conomy/list-parents", about("$person"), 200, `{"data":[{"id":"$organisation","type":"ORGANIZATION"}]}`},
		{"conomy/add-permissions", about("$organisation", "$person"), 201, ``},
		{"conomy/list-permissions", about("$organisation"), 200, `[{"resource":"IDENTITY","reference":"$person"}]`},
		{"conomy/remove-permission", about("$organisation", "$person"), 204, ``},
		{"conomy/remove-children", about("$organisation", "$person"), 200, `{"id":"$organisation","children":null}`},
	}),
	"conomy: several children": slices.Concat(family, []step{
		{"conomy/get-identity", about("$parent"), 200, twoChildren},
		{"conomy/deactivate-identity", about("$parent"), 200, twoChildren},
		{"conomy/reactivate-identity", about("$parent"), 200, twoChildren},
		{"conomy/update-identity", about("$parent"), 200, twoChildren},
		{"conomy/list-parents", about("$person"), 200, `{"data":["*","*"]}`},
		{"conomy/add-permissions", about("$parent", "$person"), 201, ``},
		{"conomy/add-permissions", about("$parent", "$organisation"), 201, ``},
		{"conomy/list-permissions", about("$parent"), 200, `["*","*"]`},
		{"conomy/remove-permission", about("$parent", "$person"), 204, ``},
		{"conomy/create-identity", another("11.111.111-1", "5", "martina.rojas@", "child@", "+56912345678", "+56912345679"), 200, `{"id":"$child"}`},
		{"conomy/add-children", about("$parent", "$child"), 200, ``},
		{"conomy/remove-children", about("$parent", "$child"), 200, ``},
	}),
	// The descendants of a new child are read, so that no identity becomes its own descendant.
	"conomy: descendants": slices.Concat(family, []step{
		{"conomy/remove-children", about("$parent", "$organisation"), 200, ``},
		{"conomy/add-children", about("$parent", "$organisation"), 200, ``},
		{"conomy/update-identity", append(about("$parent"), "5d0c6f1e-update-4711", "none", `\"nickname\": \"Tina\"`, `\"children\": []`), 200, ``},
		{"conomy/update-identity", append(about("$parent"), "5d0c6f1e-update-4711", "one", `\"nickname\": \"Tina\"`, `\"children\": [{\"id\": \"$organisation\"}]`), 200, ``},
		{"conomy/delete-identity", about("$parent"), 204, ``},
	}),
	"lists with several results": slices.Concat(family, []step{
		{"blnk/create-identity", nil, 201, ``},
		{"conomy/search-identities", []string{`\"email\": \"martina.rojas@example.com\"`, `\"country\": \"CHL\"`}, 200, `{"data":["*","*","*"]}`},
		{"conomy/search-identities", []string{`\"email\": \"martina.rojas@example.com\"`, `\"parents\": \"$parent\"`}, 200, `{"data":["*","*"]}`},
		{"conomy/search-identities", []string{`\"email\": \"martina.rojas@example.com\"`, `\"parents\": \"$organisation\"`}, 200, `{"data":["*"]}`},
		{"conomy/list-identities", nil, 200, ``},
		{"conomy/list-identities", listByParent("$parent"), 200, ``},
		{"conomy/list-identities", listByParent("$organisation"), 200, ``},
		{"blnk/list-identities", nil, 200, ``},
		{"blnk/filter-identities", filterBy(`{\"field\": \"identity_type\", \"operator\": \"eq\", \"value\": \"individual\"}`), 200, ``},
		{"blnk/filter-identities", filterBy(``), 200, ``},
	}),
	"conomy: withdrawal accounts": slices.Concat(household, []step{
		{"conomy/add-withdrawal-account", about("$person"), 201, `{"id":"$account","accountNumber":"000123456789","currency":"CLP","createdAt":"*"}`},
		{"conomy/list-withdrawal-accounts", about("$person"), 200, `[{"id":"$account"}]`},
		{"conomy/remove-withdrawal-account", append(about("$person"), sampleAccountID, "$account"), 204, ``},
	}),
	"conomy: not implemented": {
		{"conomy/add-rules", nil, 501, `{"code":"42","type":"unimplemented","traceId":"*"}`},
		{"conomy/remove-rules", nil, 501, `{"code":"42"}`},
		{"conomy/add-fees", nil, 501, `{"code":"42"}`},
		{"conomy/remove-fees", nil, 501, `{"code":"42"}`},
		{"conomy/remove-fee", nil, 501, `{"code":"42"}`},
		{"conomy/set-escrow-fee", nil, 501, `{"code":"42"}`},
	},
	"conomy: verification and screening": slices.Concat(
		[]step{{"conomy/create-identity", pending("1"), 200, `{"id":"$pending","status":"PENDING"}`}},
		verify("email", "PENDING_PHONE_VALIDATION"), verify("phone", "SCREENING"),
		[]step{
			{"conomy/hold-identity", about("$pending"), 200, `{"hold":{"reason":"waits for a translated document","since":"*"}}`},
			{"conomy/release-identity", about("$pending"), 200, `{"hold":null}`},
			{"conomy/decide-screening", about("$pending"), 200, `{"status":"ACTIVE"}`},
			{"conomy/decide-screening", about("$pending"), 422, ``},
			{"conomy/create-identity", pending("2"), 200, `{"id":"$rejected","status":"PENDING"}`},
			{"conomy/decide-screening", append(about("$rejected"), `\"clear\"`, `\"reject\"`), 200, `{"status":"REJECTED"}`},
		}),
	"conomy: verification with children": slices.Concat(household,
		[]step{{
			"conomy/create-identity", pending("3", slices.Concat(organisation, withChildren(organisationChild+", "+personChild), []string{"12.345.678-5", "78.000.000-2"})...),
			200, `{"id":"$pending","status":"PENDING"}`,
		}},
		verify("email", "PENDING_PHONE_VALIDATION"), verify("phone", "SCREENING"),
		[]step{
			{"conomy/hold-identity", about("$pending"), 200, twoChildren},
			{"conomy/release-identity", about("$pending"), 200, twoChildren},
			{"conomy/decide-screening", about("$pending"), 200, twoChildren},
		}),
	"verification of a tokenized address": slices.Concat([]step{
		{"conomy/create-identity", pending("1"), 200, `{"id":"$pending","status":"PENDING"}`},
		{"blnk/tokenize-identity", blnkID("$pending"), 200, ``},
	}, verify("email", "PENDING_PHONE_VALIDATION")),

	"blnk: lists": slices.Concat(blnkIdentity, []step{
		{"blnk/list-identities", nil, 200, `[{"identity_id":"$id"}]`},
		{"blnk/filter-identities", nil, 200, `{"data":[{"identity_id":"$id"}],"total_count":1}`},
	}),
	"blnk: changes": slices.Concat(blnkIdentity, []step{
		{"blnk/get-identity", blnkID("$id"), 200, `{"identity_id":"$id","email_address":"adaeze.okafor@example.com"}`},
		{"blnk/update-identity", blnkID("$id"), 200, `{"identity_id":"$id","city":"Abuja","other_names":"","message":"*"}`},
		{"blnk/update-metadata", blnkID("$id"), 200, `{"meta_data":{"tier":"gold","verified":false}}`},
		{"blnk/delete-identity", blnkID("$id"), 200, `{"message":"*"}`},
		{"blnk/get-identity", blnkID("$id"), 404, ``},
	}),
	"blnk: an identity with a parent and children": slices.Concat(family, []step{
		{"blnk/update-metadata", blnkID("$parent"), 200, ``},
		{"blnk/update-identity", blnkID("$parent"), 200, ``},
		{"blnk/tokenize-field", blnkID("$parent", "FirstName", "PhoneNumber"), 200, ``},
		{"blnk/tokenize-identity", blnkID("$parent"), 200, ``},
		{"blnk/delete-identity", blnkID("$parent"), 200, ``},
	}),
	"blnk: tokenization": slices.Concat(blnkIdentity, []step{
		{"blnk/tokenize-identity", blnkID("$id"), 200, ``},
		{"blnk/tokenize-field", blnkID("$id"), 409, ``},
		{"blnk/tokenize-field", blnkID("$id", "FirstName", "LastName"), 200, ``},
		{"blnk/list-tokenized-fields", blnkID("$id"), 200, `{"tokenized_fields":["FirstName","LastName","EmailAddress"]}`},
		{"blnk/get-identity", blnkID("$id"), 200, `{"first_name":"FPT:*"}`},
		{"blnk/detokenize-field", blnkID("$id"), 200, `{"field":"FirstName","value":"Adaeze"}`},
		{"blnk/detokenize-identity", blnkID("$id"), 200, `{"fields":{"FirstName":"Adaeze","EmailAddress":"adaeze.okafor@example.com"}}`},
		// A new value of a tokenized field is encrypted, whichever API it comes by.
		{"blnk/update-identity", blnkID("$id", `\"city\": \"Abuja\"`, `\"first_name\": \"Bisi\"`), 200, ``},
		{"blnk/detokenize-field", blnkID("$id"), 200, `{"value":"Bisi"}`},
		{"conomy/update-identity", append(about("$id"), `\"nickname\": \"Tina\"`, `\"lastname\": \"Nwosu\"`), 200, ``},
		{"blnk/detokenize-field", blnkID("$id", "FirstName", "LastName"), 200, `{"value":"Nwosu"}`},
		{"blnk/filter-identities", nil, 200, `{"data":[{"identity_id":"$id"}]}`}, // by its email, which is tokenized
	}),
	"blnk: not implemented": {
		{"blnk/search", nil, 400, ``},
		{"blnk/balances", nil, 404, ``},
		{"blnk/refuse-method", nil, 405, ``},
		{"blnk/get-root", nil, 200, ``},
		{"blnk/get-health", nil, 200, `{"status":"UP"}`},
	},
}

// listByParent makes the sample event list the children of an identity.
func listByParent(id string) []string {
	return []string{`"country": "CHL"`, `"parents": "` + id + `"`, "\"country\": [\n      \"CHL\"", "\"parents\": [\n      \"" + id + `"`}
}

// filterBy makes the sample event filter by other conditions.
func filterBy(conditions string) []string {
	return []string{`{\"field\": \"country\", \"operator\": \"eq\", \"value\": \"Nigeria\"}, {\"field\": \"email_address\", \"operator\": \"eq\", \"value\": \"adaeze.okafor@example.com\"}`, conditions}
}

func TestScenarios(t *testing.T) {
	for name, steps := range scenarios {
		t.Run(name, func(t *testing.T) { newReplayEnv(t).run(t, steps...) })
	}
}
