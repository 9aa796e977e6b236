package blnk

import "cedula/shared/identity"

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
	return wireName(f)
}
