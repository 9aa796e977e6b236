package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"cedula/shared/identity"
	"cedula/shared/table"
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

// LookupKey is the partition of the index in which an identity with the value
// stands; empty for no value, and for a field that has no index.
func (s *Store) LookupKey(tenant string, f identity.Field, value string) string {
	return s.keys.fieldLookupPK(tenant, f, value)
}

// RewriteReplays writes the identity as it is now over what is kept of answers to
// requests about it: of its creation, and of its changes.
func (s *Store) RewriteReplays(ctx context.Context, i identity.Identity) error {
	body := mustEncode(newIdentityRecord(&i))
	if key := stateOf(&i).IdempotencyKey; key != "" {
		found, err := s.table.Get(ctx, true, table.Key{PK: key, SK: itemSK})
		if err != nil {
			return wrapErr("forget", err)
		}
		if err := s.rewriteClaims(ctx, i.ID, found.Items, body); err != nil {
			return wrapErr("forget", err)
		}
	}
	q := table.Query{PK: identityKey(i.Tenant, i.ID).PK, From: prefixIdempotency, To: prefixIdempotency + "~", Limit: maxDeletesPerWrite, Strong: true}
	err := s.eachPage(ctx, q, func(claims []table.Item) error { return s.rewriteClaims(ctx, i.ID, claims, body) })
	return wrapErr("forget", err)
}

// rewriteClaims replaces the identity in idempotency claims of it.
func (s *Store) rewriteClaims(ctx context.Context, id string, claims []table.Item, body []byte) error {
	for _, c := range claims {
		if c.Owner != id || len(c.Body) < sha256.Size {
			continue // it lapsed, and another request has the key
		}
		c.Body = append(slices.Clip(c.Body[:sha256.Size]), body...)
		_, err := s.table.Write(ctx, table.Put(c, table.OwnerIs(id)))
		var failed *table.ConditionError
		if err != nil && !errors.As(err, &failed) {
			return err
		}
	}
	return nil
}
