package conomy

import "cedula/shared/identity"

// Where an answer shows what can be tokenized: in an identity, and in a child.
var (
	identityMembers = map[identity.Field]string{
		identity.FieldFirstName: "name", identity.FieldLastName: "lastname", identity.FieldEmail: "email", identity.FieldPhone: "phone",
		identity.FieldStreet: "address.street", identity.FieldPostalCode: "address.zipcode",
	}
	childMembers = map[identity.Field]string{
		identity.FieldFirstName: "name", identity.FieldLastName: "lastName", identity.FieldEmail: "email",
	}
)

// standIns lists the members that show a random text in place of a tokenized
// value. Without this mark nobody could tell one from a value.
func standIns(i *identity.Identity, members map[identity.Field]string) (list []string) {
	for _, f := range identity.Tokenizable {
		text, _ := i.Shown(f)
		if f == identity.FieldFirstName && text != nameOf(&i.Profile) {
			continue // the other name is shown
		}
		if name := members[f]; name != "" && text != "" && i.Tokenized(f) != nil {
			list = append(list, name)
		}
	}
	return list
}
