package store

import (
	"slices"

	"cedula/shared/identity"
)

// storeLookupKeys sets the lookup keys of newly encrypted values.
func (s *Store) storeLookupKeys(i *identity.Identity) {
	i.EncryptedFields = slices.Clone(i.EncryptedFields)
	for n := range i.EncryptedFields {
		sealed := &i.EncryptedFields[n]
		if sealed.Plaintext != "" || *i.StringField(sealed.Field) == "" {
			sealed.LookupKey = s.LookupKey(i.Tenant, sealed.Field, sealed.Plaintext)
		}
		sealed.Plaintext = ""
	}
}

// LookupKey returns the index partition of identities with the value; "" for an empty value, and for a field without an
// index.
func (s *Store) LookupKey(tenant string, f identity.Field, value string) string {
	return s.keys.fieldLookupPK(tenant, f, value)
}

// LookupKeys returns the index partitions of identities with the value, under each of its forms.
func (s *Store) LookupKeys(tenant string, f identity.Field, value string) []string {
	if f != identity.FieldEmail && value != "" {
		return []string{s.LookupKey(tenant, f, value)}
	}
	var keys []string
	for _, form := range identity.EmailForms(value) {
		keys = append(keys, s.keys.lookupPK(tenant, indexEmail, form))
	}
	return keys
}
