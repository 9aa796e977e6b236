package conomy

import "cedula/shared/identity"

// Where an answer shows what can be tokenized: in an identity, and in a child.
var (
	tokenizableIdentityFields = map[identity.Field]string{
		identity.FieldFirstName: "name", identity.FieldLastName: "lastname", identity.FieldEmail: "email", identity.FieldPhone: "phone",
		identity.FieldStreet: "address.street", identity.FieldPostalCode: "address.zipcode",
	}
	tokenizableChildFields = map[identity.Field]string{
		identity.FieldFirstName: "name", identity.FieldLastName: "lastName", identity.FieldEmail: "email",
	}
)

// checkPlaceholders refuses for a tokenized field what the other dialect shows of
// one: it would take the value's place, and the value be lost.
func (u *updateRequest) checkPlaceholders(i *identity.Identity) error {
	name := u.Name.Value
	if i.Kind == identity.Organization {
		name = "" // it is the organisation's, which is never tokenized
	}
	for f, text := range map[identity.Field]string{
		identity.FieldFirstName: name, identity.FieldLastName: u.Lastname.Value,
		identity.FieldStreet: u.Address.Value.Street.Value, identity.FieldPostalCode: u.Address.Value.Zipcode.Value,
	} {
		if err := i.CheckNewValue(f, text); err != nil {
			return err
		}
	}
	return nil
}

// tokenizedFields lists the members that show a random text in place of a tokenized
// value. Without this mark nobody could tell one from a value.
func tokenizedFields(i *identity.Identity, members map[identity.Field]string) (list []string) {
	for _, f := range identity.TokenizableFields {
		text, _ := i.DisplayValue(f)
		if f == identity.FieldFirstName && text != displayName(&i.Profile) {
			continue // the other name is shown
		}
		if name := members[f]; name != "" && text != "" && i.Tokenized(f) != nil {
			list = append(list, name)
		}
	}
	return list
}
