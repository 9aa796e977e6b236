package blnk_test

import (
	"strings"
	"testing"

	"cedula/shared/conomy"
	"cedula/shared/registry"
)

// TestReadIdentityCreatedByConomy pins how an identity of the other dialect reads here.
func TestReadIdentityCreatedByConomy(t *testing.T) {
	const required = `"email":"zoe@example.com","phone":"+56911111111","documentType":"RUT","documentNumber":"1-9","idv":"iv"`
	tests := []struct{ name, body string }{
		{"person", `{"type":"USER","name":"Zoë","lastname":"Ñandú","nickname":"z","gender":"X","birthDate":"1990-01-15","nationality":"CL",` + required + `,
			"country":"CHL","externalId":"e","metadata":{"n":9007199254740993},"rules":[1],"children":[{"id":"c","name":"n","email":"e"}],
			"address":{"administrativeAreaLevel1":"RM","administrativeAreaLevel2":"Santiago","administrativeAreaLevel3":"Ñuñoa",
			"street":"Irarrázaval","streetNumber":"1","optionalAddress":"2","country":"ARG","zipcode":"775"}}`},
		{"organization", `{"type":"ORGANIZATION","name":"Firm Ltd",` + required + `}`},
		{"minimal", `{"name":"Ana",` + strings.Replace(required, "1-9", "2-7", 1) + `}`},
	}
	w := newTestAPI(t)
	w.create(t, registry.Draft{ID: "c"})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			made := w.sendTo(&conomy.API{Identities: w.api.Identities}, request{operation: "create-identity", body: tt.body})
			wantStatus(t, made, 200)
			found := w.send(getRequest(strings.Trim(jsonAt(t, made.Body, "id"), `"`)))
			wantStatus(t, found, 200)
			wantEqual(t, "number of fields", len(objectKeys(t, found.Body)), len(identityFields)+3) // it waits for verification
		})
	}
	w.checkGolden("made-by-conomy")
}

// TestManageIdentityCreatedByConomy: an identity of the other dialect is listed,
// filtered, changed and deleted here, and the other dialect sees it.
func TestManageIdentityCreatedByConomy(t *testing.T) {
	w := newTestAPI(t)
	other := &conomy.API{Identities: w.api.Identities}
	made := w.sendTo(other, request{operation: "create-identity", body: `{"type":"USER","name":"Zoë","lastname":"Ñandú","email":"zoe@example.com",
		"phone":"+56911111111","documentType":"RUT","documentNumber":"1-9","idv":"iv","country":"CHL","externalId":"e","metadata":{"n":9007199254740993}}`})
	wantStatus(t, made, 200)
	id := strings.Trim(jsonAt(t, made.Body, "id"), `"`)
	w.send(listRequest(""))
	w.send(listRequest("email_address_eq=ZOE@example.com&meta_data.n_gt=1"))
	w.send(filterRequest(`{"filters":[{"field":"last_name","operator":"like","value":"Ñ%"}],"include_count":true}`))
	w.send(request{operation: "update-identity", id: id, body: `{"last_name":"Nandu","city":"Santiago","meta_data":{"m":1.50}}`})
	w.send(request{operation: "update-metadata", id: id, body: `{"meta_data":{"k":null}}`})
	w.send(request{operation: "tokenize-identity", id: id, body: `{"fields":["LastName","EmailAddress"]}`})
	w.sendTo(other, request{operation: "get-identity", id: id})
	w.send(request{operation: "delete-identity", id: id, caller: allScopesCaller})
	w.sendTo(other, request{operation: "get-identity", id: id})
	w.checkGolden("manages-conomys")
}
