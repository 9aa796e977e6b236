package identity

import "slices"

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
	FieldAccessControl    Field = "security.accessControl"
	FieldChildren         Field = "children"
	FieldExternalID       Field = "externalId"
	FieldBank             Field = "bankAccount"
	FieldMetadata         Field = "metadata"
	FieldIdempotencyKey   Field = "idempotencyKey"
	FieldStatus           Field = "status"
	FieldChannel          Field = "channel"
	FieldCode             Field = "code"
	FieldOutcome          Field = "outcome"
	FieldReason           Field = "reason"
	FieldReviewer         Field = "reviewer"
)

// Field names a field of an identity in errors. Each API translates it into its own
// name.
type Field string

// stringField is a string of a profile, with its limit in characters.
type stringField struct {
	field Field
	max   int
	at    func(*Profile) *string
}

// stringFields lists every string that is a direct field of a profile.
var stringFields = []stringField{
	{FieldKind, MaxCodeLength, func(p *Profile) *string { return (*string)(&p.Kind) }},
	{FieldFirstName, MaxNameLength, func(p *Profile) *string { return &p.FirstName }},
	{FieldLastName, MaxNameLength, func(p *Profile) *string { return &p.LastName }},
	{FieldOtherNames, MaxNameLength, func(p *Profile) *string { return &p.OtherNames }},
	{FieldOrganizationName, MaxNameLength, func(p *Profile) *string { return &p.OrganizationName }},
	{FieldNickname, MaxNameLength, func(p *Profile) *string { return &p.Nickname }},
	{FieldEmail, MaxTextLength, func(p *Profile) *string { return &p.Email }},
	{FieldPhone, MaxCodeLength, func(p *Profile) *string { return &p.Phone }},
	{FieldDocumentType, MaxCodeLength, func(p *Profile) *string { return &p.DocumentType }},
	{FieldDocumentNumber, MaxCodeLength, func(p *Profile) *string { return &p.DocumentNumber }},
	{FieldIDV, MaxTextLength, func(p *Profile) *string { return &p.IDV }},
	{FieldGender, MaxCodeLength, func(p *Profile) *string { return &p.Gender }},
	{FieldNationality, MaxCodeLength, func(p *Profile) *string { return &p.Nationality }},
	{FieldCategory, MaxTextLength, func(p *Profile) *string { return &p.Category }},
	{FieldCountry, MaxCodeLength, func(p *Profile) *string { return &p.Country }},
	{FieldStreet, MaxTextLength, func(p *Profile) *string { return &p.Address.Street }},
	{FieldStreetNumber, MaxCodeLength, func(p *Profile) *string { return &p.Address.StreetNumber }},
	{FieldUnit, MaxTextLength, func(p *Profile) *string { return &p.Address.Unit }},
	{FieldState, MaxTextLength, func(p *Profile) *string { return &p.Address.State }},
	{FieldCity, MaxTextLength, func(p *Profile) *string { return &p.Address.City }},
	{FieldDistrict, MaxTextLength, func(p *Profile) *string { return &p.Address.District }},
	{FieldPostalCode, MaxCodeLength, func(p *Profile) *string { return &p.Address.PostalCode }},
	{FieldAddressCountry, MaxCodeLength, func(p *Profile) *string { return &p.Address.Country }},
	{FieldExternalID, MaxTextLength, func(p *Profile) *string { return &p.ExternalID }},
}

// StringField returns the place of a string field in the profile, or nil if f names none.
func (p *Profile) StringField(f Field) *string {
	for n := range stringFields {
		if stringFields[n].field == f {
			return stringFields[n].at(p)
		}
	}
	return nil
}

// TokenizableField returns the place of a tokenizable field in the profile, or nil. A tokenized field holds its
// placeholder there.
func (p *Profile) TokenizableField(f Field) *string {
	if !slices.Contains(TokenizableFields, f) {
		return nil
	}
	return p.StringField(f)
}
