package blnk

import (
	"fmt"
	"net/http"
	"strings"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// tokenNames are the tokenizable fields by the names that this dialect has for
// them in the operations of tokenization, and there only.
var tokenNames = map[identity.Field]string{
	identity.FieldFirstName:  "FirstName",
	identity.FieldLastName:   "LastName",
	identity.FieldOtherNames: "OtherNames",
	identity.FieldEmail:      "EmailAddress",
	identity.FieldPhone:      "PhoneNumber",
	identity.FieldStreet:     "Street",
	identity.FieldPostalCode: "PostCode",
}

func tokenName(f identity.Field) string {
	if name, ok := tokenNames[f]; ok {
		return name
	}
	return jsonName(f)
}

// tokenPrefix begins what is shown of a tokenized field: the prefix, a text of
// the value's shape and a reference, both random.
const tokenPrefix = "FPT:"

// displayValue is a text of an identity as this dialect shows it: identity.Marked, if
// the field is tokenized.
func displayValue(i *identity.Identity, f identity.Field, text string) string {
	sealed := i.Tokenized(f)
	if sealed == nil || text == "" {
		return text
	}
	return tokenPrefix + text + ":" + sealed.TokenID()
}

// parseTokenField is the field of a name. The first letter may be of either case.
func parseTokenField(name string) (identity.Field, error) {
	for f, n := range tokenNames {
		if name == n || name == strings.ToLower(n[:1])+n[1:] {
			return f, nil
		}
	}
	return "", notTokenizableError("Field")
}

// notTokenizableError refuses a name; place is where it stands.
func notTokenizableError(place string) error {
	const text = " is not tokenizable: must be FirstName, LastName, OtherNames, EmailAddress, PhoneNumber, Street or PostCode"
	return &apiError{errorCode: notTokenizable, message: place + text}
}

// parseTokenFields are the fields of a body.
func parseTokenFields(names []string) ([]identity.Field, error) {
	fields := make([]identity.Field, len(names))
	for n, name := range names {
		var err error
		if fields[n], err = parseTokenField(name); err != nil {
			return nil, notTokenizableError(fmt.Sprintf("fields.%d", n))
		}
	}
	return fields, nil
}

// fieldsRequest names fields.
type fieldsRequest struct {
	Fields *[]string `json:"fields"`
}

// fields decodes the names of a body.
func (b *fieldsRequest) decode(r *gateway.Request) ([]string, error) {
	if err := decode(r, b); err != nil {
		return nil, err
	}
	if b.Fields == nil {
		return nil, &strictjson.Error{Field: "fields", Reason: "is required and must be an array"}
	}
	return *b.Fields, nil
}

// TokenizeField serves POST /identities/{id}/tokenize/{field}. A body is not
// looked at.
func (a *API) TokenizeField(r *gateway.Request) (gateway.Response, error) {
	field, err := parseTokenField(r.Param("field"))
	if err != nil {
		return gateway.Response{}, err
	}
	return a.tokenize(r, []identity.Field{field}, "Field tokenized successfully")
}

// TokenizeIdentity serves POST /identities/{id}/tokenize: all fields or none.
func (a *API) TokenizeIdentity(r *gateway.Request) (gateway.Response, error) {
	var body fieldsRequest
	names, err := body.decode(r)
	if err != nil {
		return gateway.Response{}, err
	}
	if len(names) == 0 {
		return gateway.Response{}, errNoFields
	}
	fields, err := parseTokenFields(names)
	if err != nil {
		return gateway.Response{}, err
	}
	return a.tokenize(r, fields, "Fields tokenized successfully")
}

func (a *API) tokenize(r *gateway.Request, fields []identity.Field, done string) (gateway.Response, error) {
	change, err := newChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	changed, err := a.Identities.Tokenize(r.Context(), change, fields...)
	if err != nil {
		return gateway.Response{}, err
	}
	return withReplayHeader(respondMessage(done), changed), nil
}

type tokenizedFieldsResponse struct {
	Fields []string `json:"tokenized_fields"`
}

// ListTokenizedFields serves GET /identities/{id}/tokenized-fields.
func (a *API) ListTokenizedFields(r *gateway.Request) (gateway.Response, error) {
	i, err := a.Identities.Get(r.Context(), r.Caller.Tenant, r.Param("id"))
	if err != nil {
		return gateway.Response{}, err
	}
	names := []string{}
	for _, f := range identity.TokenizableFields {
		if i.Tokenized(f) != nil {
			names = append(names, tokenNames[f])
		}
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(tokenizedFieldsResponse{names})), nil
}

type fieldValueResponse struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// DetokenizeField serves GET /identities/{id}/detokenize/{field}. The name is
// answered as it was sent.
func (a *API) DetokenizeField(r *gateway.Request) (gateway.Response, error) {
	name := r.Param("field")
	field, err := parseTokenField(name)
	if err != nil {
		return gateway.Response{}, err
	}
	values, err := a.detokenize(r, []string{name}, []identity.Field{field})
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(fieldValueResponse{name, values[name]})), nil
}

type fieldValuesResponse struct {
	Fields map[string]string `json:"fields"`
}

// DetokenizeIdentity serves POST /identities/{id}/detokenize. No name means
// every tokenized field.
func (a *API) DetokenizeIdentity(r *gateway.Request) (gateway.Response, error) {
	var body fieldsRequest
	names, err := body.decode(r)
	if err != nil {
		return gateway.Response{}, err
	}
	fields, err := parseTokenFields(names)
	if err != nil {
		return gateway.Response{}, err
	}
	values, err := a.detokenize(r, names, fields)
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(fieldValuesResponse{values})), nil
}

// detokenize returns values by the names sent for the fields, or by this
// dialect's own where none was. Who read which fields goes into the log before
// the answer goes out.
func (a *API) detokenize(r *gateway.Request, names []string, fields []identity.Field) (map[string]string, error) {
	found, err := a.Identities.Detokenize(r.Context(), r.Caller.Tenant, r.Param("id"), fields...)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(found))
	for n, f := range fields {
		values[names[n]] = found[f]
	}
	var read []string
	for _, f := range identity.TokenizableFields {
		value, ok := found[f]
		if !ok {
			continue
		}
		read = append(read, tokenNames[f])
		if len(fields) == 0 {
			values[tokenNames[f]] = value
		}
	}
	r.Audit("detokenize", r.Param("id"), read)
	return values, nil
}
