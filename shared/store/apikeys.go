package store

import (
	"context"
	"errors"
	"time"

	"cedula/shared/auth"
	"cedula/shared/table"
)

// apiKeyRecord has the fields of auth.Key, with names: the two convert into each other.
type apiKeyRecord struct {
	ID              string      `json:"id"`
	Client          string      `json:"cl"`
	API             string      `json:"u"`
	Hash            auth.Hash   `json:"h"`
	Scopes          auth.Scopes `json:"s,omitzero"` // empty scopes are stored, nil ones are not
	Name            string      `json:"n,omitzero"`
	Expires         time.Time   `json:"x,omitzero"`
	Revoked         time.Time   `json:"r,omitzero"`
	Created         time.Time   `json:"c"`
	Owner           string      `json:"o,omitzero"`
	RequestedScopes []string    `json:"g,omitempty"`
	CreatedBy       string      `json:"by,omitzero"`
}

// CreateKey writes a key of a client that exists.
func (s *Store) CreateKey(ctx context.Context, k auth.Key) error {
	failed, err := s.write(ctx,
		table.Put(apiKeyItem(k, 1), table.Absent()),
		table.Check(clientKey(k.Client), table.Exists()),
	)
	if failed == nil {
		return authErrors.wrap("create key", err)
	}
	if failed.FailureOf(1) != nil {
		return auth.ErrNotFound
	}
	return auth.ErrAlreadyExists
}

// UpdateKey writes the next version of a key.
func (s *Store) UpdateKey(ctx context.Context, client, id string, change func(*auth.Key) error) (auth.Key, error) {
	return updateItem(ctx, s, "change key", apiKeyKey(client, id), decodeAPIKey, change, apiKeyItem)
}

// RevokeKey sets the time from which a key is invalid, unless it is invalid by then already.
func (s *Store) RevokeKey(ctx context.Context, client, id string, at time.Time) error {
	_, err := s.UpdateKey(ctx, client, id, func(k *auth.Key) error {
		if !k.Revoked.IsZero() && !k.Revoked.After(at) {
			return errUnchanged
		}
		k.Revoked = at
		return nil
	})
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// errUnchanged ends an update that has nothing to write.
var errUnchanged = errors.New("store: nothing to change")

// apiKeyItem returns the item of a key, which the table deletes auth.KeyRetention after the key ended.
func apiKeyItem(k auth.Key, version int64) table.Item {
	k.Created = k.Created.UTC()
	item := table.Item{Key: apiKeyKey(k.Client, k.ID), Version: version, Owner: k.Client, Body: mustEncode(apiKeyRecord(k))}
	if end := k.ValidUntil(); !end.IsZero() {
		item.Expires = end.Add(auth.KeyRetention)
	}
	return item
}

func decodeAPIKey(body []byte) (auth.Key, error) {
	r, err := decode[apiKeyRecord](body, "key record")
	return auth.Key(r), err
}
