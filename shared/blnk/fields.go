package blnk

import (
	"strings"
	"sync"
	"time"

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

// tokenNames are the names of the tokenizable fields, used only in the tokenization operations.
var tokenNames = rest.Names{
	identity.FieldFirstName:  "FirstName",
	identity.FieldLastName:   "LastName",
	identity.FieldOtherNames: "OtherNames",
	identity.FieldEmail:      "EmailAddress",
	identity.FieldPhone:      "PhoneNumber",
	identity.FieldStreet:     "Street",
	identity.FieldPostalCode: "PostCode",
}

// profileStrings holds the string fields of an identity: strictjson.Optional[string] in requests, string in responses.
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

// tokenPrefix begins the displayed value of a tokenized field. A random placeholder and a random reference follow.
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

// column is a field of an identity that a list can be filtered and sorted by.
type column struct {
	field     identity.Field                  // for a string of the profile
	value     func(*identity.Identity) string // nil for the metadata
	normalize func(string) (string, bool)     // for a date or time: its comparable form, false if invalid
}

const metadataColumn = "meta_data"

// metadataPrefix begins the name of a metadata field.
const metadataPrefix = metadataColumn + "."

// columns are the 19 fields of a response by name, with the values that responses show, including placeholders.
var columns = sync.OnceValue(func() map[string]column {
	all := map[string]column{
		"identity_id":  {value: func(i *identity.Identity) string { return i.ID }},
		"dob":          {value: func(i *identity.Identity) string { return formatDate(i.BirthDate) }, normalize: normalizeDate},
		"created_at":   {value: func(i *identity.Identity) string { return formatTimestamp(i.CreatedAt) }, normalize: normalizeTimestamp},
		metadataColumn: {},
	}
	for _, s := range new(profileStrings[string]).fields() {
		all[jsonNames.Of(s.field)] = column{field: s.field, value: func(i *identity.Identity) string { return displayValue(i, s.field) }}
	}
	return all
})

// formatDate and formatTimestamp return strings that sort by time, "" for an absent date and Blnk's zero time.
func formatDate(d identity.Date) string {
	if d.Midnight().IsZero() {
		return ""
	}
	return d.String()
}

func formatTimestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

func normalizeDate(value string) (string, bool) {
	d, ok := identity.ParseDate(value)
	return formatDate(d), ok
}

func normalizeTimestamp(value string) (string, bool) {
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		t, err := time.Parse(layout, value)
		if err != nil {
			continue
		}
		year := t.UTC().Year()
		return formatTimestamp(t), year >= 0 && year <= 9999 // longer years sort differently
	}
	return value, false
}

// splitColumn splits a parameter's name into its longest prefix that is a column and the rest, which begins with a
// separator. The column is empty if no prefix matches.
func splitColumn(name string) (column, rest string) {
	for known := range columns() {
		after, ok := strings.CutPrefix(name, known)
		ends := after == "" || strings.ContainsRune("_.[", rune(after[0]))
		if ok && ends && len(known) > len(column) {
			column = known
			rest = after
		}
	}
	return column, rest
}
