package identity

// The fields that errors name.
const (
	FieldID               Field = "id"
	FieldKind             Field = "kind"
	FieldFirstName        Field = "firstName"
	FieldLastName         Field = "lastName"
	FieldOtherNames       Field = "otherNames"
	FieldOrganizationName Field = "organizationName"
	FieldNickname         Field = "nickname"
	FieldEmail            Field = "email"
	FieldPhone            Field = "phone"
	FieldDocumentType     Field = "documentType"
	FieldDocumentNumber   Field = "documentNumber"
	FieldIDV              Field = "idv"
	FieldGender           Field = "gender"
	FieldBirthDate        Field = "birthDate"
	FieldNationality      Field = "nationality"
	FieldCategory         Field = "category"
	FieldCountry          Field = "country"
	FieldStreet           Field = "address.street"
	FieldStreetNumber     Field = "address.streetNumber"
	FieldUnit             Field = "address.unit"
	FieldState            Field = "address.state"
	FieldCity             Field = "address.city"
	FieldDistrict         Field = "address.district"
	FieldPostalCode       Field = "address.postalCode"
	FieldAddressCountry   Field = "address.country"
	FieldAccessControl    Field = "securityOptions.accessControl"
	FieldChildren         Field = "children"
	FieldExternalID       Field = "externalId"
	FieldBank             Field = "bankAccount"
	FieldMetadata         Field = "metadata"
	FieldIdempotencyKey   Field = "Idempotency-Key"
	FieldStatus           Field = "status"
	FieldChannel          Field = "channel"
	FieldCode             Field = "code"
	FieldOutcome          Field = "decision"
	FieldReason           Field = "reason"
	FieldReviewer         Field = "reviewer"
)

// Field names a part of an identity in errors. A dialect translates it into
// the name that its clients know.
type Field string

// TokenizableField is a tokenizable field's place in a profile, or nil.
func (p *Profile) TokenizableField(f Field) *string {
	switch f {
	case FieldFirstName:
		return &p.FirstName
	case FieldLastName:
		return &p.LastName
	case FieldOtherNames:
		return &p.OtherNames
	case FieldEmail:
		return &p.Email
	case FieldPhone:
		return &p.Phone
	case FieldStreet:
		return &p.Address.Street
	case FieldPostalCode:
		return &p.Address.PostalCode
	}
	return nil
}

// DisplayValue is what stands in a tokenizable field: its value or, if it is tokenized,
// the text in its place. It returns false for another field.
func (p *Profile) DisplayValue(f Field) (string, bool) {
	if text := p.TokenizableField(f); text != nil {
		return *text, true
	}
	return "", false
}
