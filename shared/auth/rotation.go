package auth

import (
	"context"
	"slices"
	"time"
)

// MaxOverlap is how long an old credential can stay valid after its rotation.
const MaxOverlap = 7 * 24 * time.Hour

// Rotation says how a credential is replaced. When the old one expires is a promise to those who still use it.
type Rotation struct {
	Overlap time.Duration // how long the old one stays valid: 0 to MaxOverlap
	Force   bool          // break the promises of earlier rotations
}

func (r Rotation) valid() bool { return r.Overlap >= 0 && r.Overlap <= MaxOverlap }

// checkPromise returns a *RotationConflict if a credential would expire earlier than promised; zero is no promise.
func (r Rotation) checkPromise(promised, end time.Time) error {
	if !r.Force && end.Before(promised) {
		return &RotationConflict{promised}
	}
	return nil
}

// RotateSecret gives a client a new secret and returns its text, to be shown once, and when each secret that was active
// expires, the oldest first. The newest of them stays valid for the overlap; the other expires immediately, unless that
// is a *RotationConflict. Other errors: ErrNotFound, ErrInvalidOverlap.
func (o *Admin) RotateSecret(ctx context.Context, client string, r Rotation) (Client, string, []time.Time, error) {
	if !r.valid() {
		return Client{}, "", nil, ErrInvalidOverlap
	}
	text := randomString(secretChars)
	var ends []time.Time
	changed, err := o.UpdateClient(ctx, client, func(c *Client) error {
		now := o.now()
		active := c.ActiveSecrets(now)
		ends = make([]time.Time, len(active))
		for n := range active {
			ends[n] = now
			if n == len(active)-1 {
				ends[n] = earliest(active[n].Expires, now.Add(r.Overlap))
			}
			if err := r.checkPromise(active[n].Expires, ends[n]); err != nil {
				return err
			}
			active[n].Expires = ends[n]
		}
		c.Secrets = append(active, Secret{Hash: o.Hasher.Hash(text)})
		c.Secrets = c.ActiveSecrets(now)
		return nil
	})
	if err != nil {
		return Client{}, "", nil, err
	}
	return changed, text, ends, nil
}

// RotateKey creates a key that allows what an old one does, and returns its text, to be shown once, and the old key, which
// stays valid for the overlap. It returns ErrNotFound, ErrExpired for a key that is no longer valid, a *RotationConflict
// or ErrInvalidOverlap.
func (o *Admin) RotateKey(ctx context.Context, id string, r Rotation) (created Key, text string, old Key, err error) {
	client, err := clientIDFromKeyID(id)
	if err != nil {
		return Key{}, "", Key{}, err
	}
	if !r.valid() {
		return Key{}, "", Key{}, ErrInvalidOverlap
	}
	_, old, err = o.Credentials(ctx, client, id)
	if err != nil {
		return Key{}, "", Key{}, err
	}
	if err := r.retire(&old, o.now()); err != nil {
		return Key{}, "", Key{}, err
	}
	created, text, err = o.CreateKey(ctx, client, KeyParams{
		API: o.api(old.API), Name: old.Name, Owner: old.Owner, Scopes: old.Scopes, RequestedScopes: old.RequestedScopes, Expires: old.Expires, createdBy: old.CreatedBy,
	})
	if err != nil {
		return Key{}, "", Key{}, err
	}
	old, err = o.UpdateKey(ctx, client, id, func(k *Key) error { return r.retire(k, o.now()) })
	if err != nil {
		return Key{}, "", Key{}, err
	}
	return created, text, old, nil
}

// api returns the API with that name, or an invalid one.
func (o *Admin) api(name string) API {
	i := slices.IndexFunc(o.APIs, func(a API) bool { return a.Name == name })
	if i < 0 {
		return API{}
	}
	return o.APIs[i]
}

// retire sets when a key expires that is being replaced.
func (r Rotation) retire(k *Key, now time.Time) error {
	if k.inactive(now) {
		return ErrExpired
	}
	end := earliest(k.Revoked, now.Add(r.Overlap))
	if err := r.checkPromise(k.Revoked, end); err != nil {
		return err
	}
	k.Revoked = end
	return nil
}
