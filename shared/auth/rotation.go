package auth

import (
	"context"
	"errors"
	"slices"
	"time"
)

// MaxOverlap is how long a credential may live on beside the one that takes its
// place.
const MaxOverlap = 7 * 24 * time.Hour

// Rotation is how a credential makes room for another. The time at which it
// ends is a promise to whoever still uses it.
type Rotation struct {
	Overlap time.Duration // how long the old one lives on: 0 to MaxOverlap
	Force   bool          // break promises of earlier rotations
}

// ErrInvalidOverlap is for an overlap outside 0 to MaxOverlap.
var ErrInvalidOverlap = errors.New("auth: overlap must be between 0 and 7 days")

// RotationConflict is the refusal to end a credential earlier than a rotation said.
type RotationConflict struct{ Until time.Time }

// Error implements error.
func (p *RotationConflict) Error() string { return "auth: an earlier rotation promised a later end" }

// checkPromise judges that a credential ends at end which was promised until then; zero
// is no promise.
func (r Rotation) checkPromise(promised, end time.Time) error {
	if !r.Force && end.Before(promised) {
		return &RotationConflict{promised}
	}
	return nil
}

func (r Rotation) valid() bool { return r.Overlap >= 0 && r.Overlap <= MaxOverlap }

// RotateSecret gives a client a new secret and returns its text, to be shown
// once, and when each secret that was live ends, the oldest first. The newest of
// them lives on for the overlap, the other ends at once: *Promised if that was
// to live longer. ErrNotFound, ErrInvalidOverlap.
func (o *Admin) RotateSecret(ctx context.Context, client string, r Rotation) (Client, string, []time.Time, error) {
	if !r.valid() {
		return Client{}, "", nil, ErrInvalidOverlap
	}
	text := randomString(secretChars)
	var ends []time.Time
	changed, err := o.UpdateClient(ctx, client, func(c *Client) error {
		now, live := o.now(), c.ActiveSecrets(o.now())
		ends = nil
		for n := range live {
			end := now
			if n == len(live)-1 {
				end = earliest(live[n].Expires, now.Add(r.Overlap))
			}
			if err := r.checkPromise(live[n].Expires, end); err != nil {
				return err
			}
			live[n].Expires, ends = end, append(ends, end)
		}
		c.Secrets = append(live, Secret{Hash: o.Hasher.Hash(text)})
		c.Secrets = c.ActiveSecrets(now)
		return nil
	})
	if err != nil {
		return Client{}, "", nil, err
	}
	return changed, text, ends, nil
}

// RotateKey makes a key that may do what another may, which lives on for the
// overlap, and returns its text, to be shown once, and the old key with its end.
// It returns ErrNotFound for an id that is none, ErrExpired for a key that has
// ended, *Promised for one that was to live longer, and ErrInvalidOverlap.
func (o *Admin) RotateKey(ctx context.Context, id string, r Rotation) (made Key, text string, old Key, err error) {
	client, err := clientIDFromKeyID(id)
	if err != nil {
		return Key{}, "", Key{}, err
	}
	if !r.valid() {
		return Key{}, "", Key{}, ErrInvalidOverlap
	}
	if _, old, err = o.Credentials(ctx, client, id); err != nil {
		return Key{}, "", Key{}, err
	}
	if err := r.retire(&old, o.now()); err != nil {
		return Key{}, "", Key{}, err
	}
	made, text, err = o.CreateKey(ctx, client, KeyParams{
		API: o.api(old.API), Name: old.Name, Owner: old.Owner, Scopes: old.Scopes, RequestedScopes: old.RequestedScopes, Expires: old.Expires, createdBy: old.CreatedBy,
	})
	if err != nil {
		return Key{}, "", Key{}, err
	}
	old, err = o.UpdateKey(ctx, client, id, func(k *Key) error { return r.retire(k, o.now()) })
	if err != nil {
		return Key{}, "", Key{}, err
	}
	return made, text, old, nil
}

// api returns the API of that name, or an invalid one.
func (o *Admin) api(name string) API {
	i := slices.IndexFunc(o.APIs, func(a API) bool { return a.Name == name })
	if i < 0 {
		return API{}
	}
	return o.APIs[i]
}

// retire gives a key the end that its rotation means.
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
