package blnk_test

import (
	"strings"
	"testing"

	"cedula/shared/conomy"
	"cedula/shared/registry"
)

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
			made := w.SendTo(&conomy.API{Identities: w.Identities}, createRequest(tt.body))
			wantStatus(t, made, 200)
			found := w.Send(getRequest(text(t, made.Body, "id")))
			wantStatus(t, found, 200)
		})
	}
	w.CheckGolden("made-by-conomy")
}

func TestManageIdentityCreatedByConomy(t *testing.T) {
	w := newTestAPI(t)
	other := &conomy.API{Identities: w.Identities}
	made := w.SendTo(other, createRequest(`{"type":"USER","name":"Zoë","lastname":"Ñandú","email":"zoe@example.com",
		"phone":"+56911111111","documentType":"RUT","documentNumber":"1-9","idv":"iv","country":"CHL","externalId":"e","metadata":{"n":9007199254740993}}`))
	wantStatus(t, made, 200)
	id := text(t, made.Body, "id")
	w.Send(listRequest(""))
	w.Send(listRequest("email_address_eq=ZOE%40example.com&meta_data.n_gt=1"))
	w.Send(filterRequest(`{"filters":[{"field":"last_name","operator":"like","value":"Ñ%"}],"include_count":true}`))
	w.Send(newRequest("update-identity", id, `{"last_name":"Nandu","city":"Santiago","meta_data":{"m":1.50}}`))
	w.Send(newRequest("update-metadata", id, `{"meta_data":{"k":null}}`))
	w.Send(newRequest("tokenize-identity", id, `{"fields":["LastName","EmailAddress"]}`))
	w.SendTo(other, getRequest(id))
	w.Send(newRequest("delete-identity", id, "").WithCaller(allScopesCaller))
	w.SendTo(other, getRequest(id))
	w.CheckGolden("manages-conomys")
}
