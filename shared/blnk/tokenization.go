package blnk

import (
	"fmt"
	"net/http"
	"strings"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// fieldsRequest lists fields by their tokenNames.
type fieldsRequest struct {
	Fields *[]string `json:"fields"`
}

type tokenizedFieldsResponse struct {
	Fields []string `json:"tokenized_fields"`
}

type fieldValueResponse struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

type fieldValuesResponse struct {
	Fields map[string]string `json:"fields"`
}

// tokenizeField tokenizes the field of the path. It ignores the body.
func (a *API) tokenizeField(r *gateway.Request) (gateway.Response, error) {
	field, err := parseTokenField(r.Param("field"))
	if err != nil {
		return gateway.Response{}, err
	}
	return a.tokenize(r, []identity.Field{field}, "Field tokenized successfully")
}

// tokenizeIdentity tokenizes all fields or none.
func (a *API) tokenizeIdentity(r *gateway.Request, body *fieldsRequest) (gateway.Response, error) {
	fields, err := body.parse()
	if err != nil {
		return gateway.Response{}, err
	}
	if len(fields) == 0 {
		return gateway.Response{}, errNoFields
	}
	return a.tokenize(r, fields, "Fields tokenized successfully")
}

func (a *API) tokenize(r *gateway.Request, fields []identity.Field, message string) (gateway.Response, error) {
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	changed, err := a.Identities.Tokenize(r.Context(), change, fields...)
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.MarkReplay(rest.JSON(http.StatusOK, messageResponse{message}), changed.Replayed), nil
}

func (a *API) listTokenizedFields(r *gateway.Request) (gateway.Response, error) {
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
	return rest.JSON(http.StatusOK, tokenizedFieldsResponse{names}), nil
}

// detokenizeField returns the field under the name in the path.
func (a *API) detokenizeField(r *gateway.Request) (gateway.Response, error) {
	name := r.Param("field")
	field, err := parseTokenField(name)
	if err != nil {
		return gateway.Response{}, err
	}
	values, err := a.detokenize(r, []string{name}, []identity.Field{field})
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.JSON(http.StatusOK, fieldValueResponse{name, values[name]}), nil
}

// detokenizeIdentity returns every tokenized field if the list is empty.
func (a *API) detokenizeIdentity(r *gateway.Request, body *fieldsRequest) (gateway.Response, error) {
	fields, err := body.parse()
	if err != nil {
		return gateway.Response{}, err
	}
	values, err := a.detokenize(r, *body.Fields, fields)
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.JSON(http.StatusOK, fieldValuesResponse{values}), nil
}

// detokenize returns values by the requested field names, or by tokenNames if the request has none. It logs the client
// and the fields before the response is sent.
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

// parse returns the fields that were sent.
func (f *fieldsRequest) parse() ([]identity.Field, error) {
	if f.Fields == nil {
		return nil, &strictjson.Error{Field: "fields", Reason: "is required and must be an array"}
	}
	fields := make([]identity.Field, len(*f.Fields))
	for n, name := range *f.Fields {
		field, err := parseTokenField(name)
		if err != nil {
			return nil, notTokenizableError(fmt.Sprintf("fields.%d", n))
		}
		fields[n] = field
	}
	return fields, nil
}

// parseTokenField returns the field of a name. The case of the first letter is ignored.
func parseTokenField(name string) (identity.Field, error) {
	for f, n := range tokenNames {
		if name == n || name == strings.ToLower(n[:1])+n[1:] {
			return f, nil
		}
	}
	return "", notTokenizableError("Field")
}

// notTokenizableError rejects a name; place is where it was sent.
func notTokenizableError(place string) error {
	const text = " is not tokenizable: must be FirstName, LastName, OtherNames, EmailAddress, PhoneNumber, Street or PostCode"
	return &apiError{errorCode: notTokenizable, message: place + text}
}
