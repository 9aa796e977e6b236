package blnk

import (
	"cedula/shared/identity"
	"cedula/shared/rest"
)

// jsonNames are the core's fields that have another name in this API.
var jsonNames = rest.Names{
	identity.FieldID:               "identity_id",
	identity.FieldKind:             "identity_type",
	identity.FieldOrganizationName: "organization_name",
	identity.FieldFirstName:        "first_name",
	identity.FieldLastName:         "last_name",
	identity.FieldOtherNames:       "other_names",
	identity.FieldEmail:            "email_address",
	identity.FieldPhone:            "phone_number",
	identity.FieldBirthDate:        "dob",
	identity.FieldStreet:           "street",
	identity.FieldState:            "state",
	identity.FieldCity:             "city",
	identity.FieldPostalCode:       "post_code",
	identity.FieldMetadata:         "meta_data",
	identity.FieldIdempotencyKey:   "Idempotency-Key",
}

// tokenNames are the names of the tokenizable fields in the tokenization operations, and
// there only.
var tokenNames = rest.Names{
	identity.FieldFirstName:  "FirstName",
	identity.FieldLastName:   "LastName",
	identity.FieldOtherNames: "OtherNames",
	identity.FieldEmail:      "EmailAddress",
	identity.FieldPhone:      "PhoneNumber",
	identity.FieldStreet:     "Street",
	identity.FieldPostalCode: "PostCode",
}

// profileStrings holds the string fields of an identity. T is strictjson.Optional[string]
// in a request and string in a response.
type profileStrings[T any] struct {
	IdentityType     T `json:"identity_type"`
	OrganizationName T `json:"organization_name"`
	Category         T `json:"category"`
	FirstName        T `json:"first_name"`
	LastName         T `json:"last_name"`
	OtherNames       T `json:"other_names"`
	Gender           T `json:"gender"`
	EmailAddress     T `json:"email_address"`
	PhoneNumber      T `json:"phone_number"`
	Nationality      T `json:"nationality"`
	Street           T `json:"street"`
	Country          T `json:"country"`
	State            T `json:"state"`
	PostCode         T `json:"post_code"`
	City             T `json:"city"`
}

// profileString is one field of profileStrings.
type profileString[T any] struct {
	field identity.Field
	value *T
}

// fields lists the fields of s with their names in the core.
func (s *profileStrings[T]) fields() []profileString[T] {
	return []profileString[T]{
		{identity.FieldKind, &s.IdentityType},
		{identity.FieldOrganizationName, &s.OrganizationName},
		{identity.FieldCategory, &s.Category},
		{identity.FieldFirstName, &s.FirstName},
		{identity.FieldLastName, &s.LastName},
		{identity.FieldOtherNames, &s.OtherNames},
		{identity.FieldGender, &s.Gender},
		{identity.FieldEmail, &s.EmailAddress},
		{identity.FieldPhone, &s.PhoneNumber},
		{identity.FieldNationality, &s.Nationality},
		{identity.FieldStreet, &s.Street},
		{identity.FieldCountry, &s.Country},
		{identity.FieldState, &s.State},
		{identity.FieldPostalCode, &s.PostCode},
		{identity.FieldCity, &s.City},
	}
}

// tokenPrefix begins what is shown of a tokenized field: the prefix, a placeholder of the
// value's shape and a reference, both random.
const tokenPrefix = "FPT:"

// displayValue returns a string field as this API shows it.
func displayValue(i *identity.Identity, f identity.Field) string {
	text := *i.StringField(f)
	encrypted := i.Tokenized(f)
	if encrypted == nil || text == "" {
		return text
	}
	return tokenPrefix + text + ":" + encrypted.TokenID()
}
