package auth

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
)

// Signer signs with one P-256 key (RFC 7518, section 3.4).
type Signer interface {
	// PublicKey returns the public key and its Thumbprint. The Signer of a remote key loads it if necessary.
	PublicKey(ctx context.Context) (kid string, key *ecdsa.PublicKey, err error)
	// Sign returns r and s, 32 bytes each, for a SHA-256 digest.
	Sign(ctx context.Context, digest []byte) (sig []byte, err error)
}

// KeySource finds the public key that a token names. It is safe for concurrent use.
type KeySource interface {
	// Key returns a *ecdsa.PublicKey or an *rsa.PublicKey, or ErrNotFound if no trusted key has that id. Any other error
	// means that the source does not know.
	Key(ctx context.Context, kid string) (crypto.PublicKey, error)
}

// Thumbprint returns the SHA-256 thumbprint of a P-256 key (RFC 7638), which is its id in tokens.
func Thumbprint(key *ecdsa.PublicKey) (string, error) {
	k, err := newJWK(key)
	if err != nil {
		return "", err
	}
	return k.KeyID, nil
}

// jwk is a published key (RFC 7517, section 4; RFC 7518, section 6.2.1).
type jwk struct {
	Use       string `json:"use"`
	KeyType   string `json:"kty"`
	KeyID     string `json:"kid"`
	Curve     string `json:"crv"`
	Algorithm string `json:"alg"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

func newJWK(key *ecdsa.PublicKey) (jwk, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return jwk{}, errors.New("auth: not a P-256 key")
	}
	point, err := key.Bytes()
	if err != nil {
		return jwk{}, errors.New("auth: not a point on P-256")
	}
	x, y := point[1:1+len(point)/2], point[1+len(point)/2:]
	k := jwk{
		Use: "sig", KeyType: "EC", Curve: "P-256", Algorithm: ES256,
		X: base64.RawURLEncoding.EncodeToString(x), Y: base64.RawURLEncoding.EncodeToString(y),
	}
	// The required fields in the order of their names, without white space (RFC 7638, section 3.3).
	sum := sha256.Sum256([]byte(`{"crv":"P-256","kty":"EC","x":"` + k.X + `","y":"` + k.Y + `"}`))
	k.KeyID = base64.RawURLEncoding.EncodeToString(sum[:])
	return k, nil
}

// LocalKey is a Signer that holds its private key.
type LocalKey struct {
	private func() *ecdsa.PrivateKey // a closure: fmt cannot print the key inside
	kid     string
}

// NewLocalKey generates a key.
func NewLocalKey() (*LocalKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, errors.New("auth: no key could be made")
	}
	return newLocalKey(private)
}

func newLocalKey(private *ecdsa.PrivateKey) (*LocalKey, error) {
	kid, err := Thumbprint(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	return &LocalKey{func() *ecdsa.PrivateKey { return private }, kid}, nil
}

// ParseLocalKey reads a P-256 private key in PEM: PKCS #8, which LocalKey.PEM writes, or SEC 1, which OpenSSL may write.
// Only white space may follow.
func ParseLocalKey(text []byte) (*LocalKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("auth: not one PEM block")
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("auth: not an EC private key") // err might quote the key
	}
	return newLocalKey(private)
}

// PEM returns the private key in the form that ParseLocalKey reads.
func (k *LocalKey) PEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(k.private())
	if err != nil {
		panic("auth: a P-256 key always has a PKCS #8 form")
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// PublicKey implements Signer. It never returns an error.
func (k *LocalKey) PublicKey(context.Context) (kid string, key *ecdsa.PublicKey, err error) {
	return k.kid, &k.private().PublicKey, nil
}

// Sign implements Signer.
func (k *LocalKey) Sign(_ context.Context, digest []byte) ([]byte, error) {
	if len(digest) != sha256.Size {
		return nil, errors.New("auth: sign: not a SHA-256 digest")
	}
	r, s, err := ecdsa.Sign(rand.Reader, k.private(), digest)
	if err != nil {
		return nil, errors.New("auth: sign: failed")
	}
	sig := make([]byte, signatureBytes)
	r.FillBytes(sig[:signatureBytes/2])
	s.FillBytes(sig[signatureBytes/2:])
	return sig, nil
}
