package store

import (
	"slices"

	"cedula/shared/identity"
)

// storeLookupKeys notes under which key a value that is now sealed is found.
func (s *Store) storeLookupKeys(i *identity.Identity) {
	i.EncryptedFields = slices.Clone(i.EncryptedFields)
	for n := range i.EncryptedFields {
		sealed := &i.EncryptedFields[n]
		if text, _ := i.DisplayValue(sealed.Field); sealed.Plaintext != "" || text == "" {
			sealed.LookupKey = s.LookupKey(i.Tenant, sealed.Field, sealed.Plaintext)
		}
		sealed.Plaintext = ""
	}
}

// LookupKey is the partition of the index in which an identity with the value stands; empty for no value, and for a
// field that has no index.
func (s *Store) LookupKey(tenant string, f identity.Field, value string) string {
	return s.keys.fieldLookupPK(tenant, f, value)
}
