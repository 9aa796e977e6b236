// Package kms signs tokens with an asymmetric key that never leaves AWS KMS. It must not import the API packages, and knows
// nothing of clients or of how the KMS client was configured.
package kms

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"cedula/shared/auth"
)

// loadTimeout bounds one attempt to fetch the public key.
const loadTimeout = 2 * time.Second

// API is the part of *kms.Client that a Key uses.
type API interface {
	GetPublicKey(context.Context, *kms.GetPublicKeyInput, ...func(*kms.Options)) (*kms.GetPublicKeyOutput, error)
	Sign(context.Context, *kms.SignInput, ...func(*kms.Options)) (*kms.SignOutput, error)
}

// Key is an auth.Signer with one KMS key. It loads the public key when it is first needed; after a failure the next call
// tries again. It is safe for concurrent use.
type Key struct {
	client   API
	id       string
	loadLock chan struct{} // of capacity one; guards loaded
	loaded   *publicKey
}

// publicKey is the response of GetPublicKey.
type publicKey struct {
	arn string // of the key that an alias referred to; it signs from then on
	kid string
	key *ecdsa.PublicKey
}

// New returns the key with an id, ARN or alias. It makes no call.
func New(client API, keyID string) *Key {
	return &Key{client: client, id: keyID, loadLock: make(chan struct{}, 1)}
}

// PublicKey implements auth.Signer. It returns an error if the key cannot make ES256 signatures.
func (k *Key) PublicKey(ctx context.Context) (kid string, key *ecdsa.PublicKey, err error) {
	p, err := k.load(ctx)
	if err != nil {
		return "", nil, err
	}
	return p.kid, p.key, nil
}

// Sign implements auth.Signer.
func (k *Key) Sign(ctx context.Context, digest []byte) ([]byte, error) {
	if len(digest) != sha256.Size {
		return nil, errors.New("kms: sign: not a SHA-256 digest")
	}
	p, err := k.load(ctx)
	if err != nil {
		return nil, err
	}
	out, err := k.client.Sign(ctx, &kms.SignInput{
		KeyId: &p.arn, Message: digest,
		MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	})
	if err != nil {
		return nil, fmt.Errorf("kms: sign: %w", err)
	}
	return derToFixedWidth(out.Signature)
}

// load returns the loaded key, or loads it, one caller at a time.
func (k *Key) load(ctx context.Context) (*publicKey, error) {
	select {
	case k.loadLock <- struct{}{}:
		defer func() { <-k.loadLock }()
	case <-ctx.Done():
		return nil, fmt.Errorf("kms: public key: %w", ctx.Err())
	}
	if k.loaded != nil {
		return k.loaded, nil
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	out, err := k.client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: &k.id})
	if err != nil {
		return nil, fmt.Errorf("kms: public key: %w", err)
	}
	k.loaded, err = k.parse(out)
	return k.loaded, err
}

func (k *Key) parse(out *kms.GetPublicKeyOutput) (*publicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(out.PublicKey)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || out.KeyUsage != types.KeyUsageTypeSignVerify {
		return nil, errors.New("kms: public key: not an EC signing key")
	}
	kid, err := auth.Thumbprint(key) // of a P-256 key only
	if err != nil {
		return nil, fmt.Errorf("kms: public key: %w", err)
	}
	return &publicKey{cmp.Or(aws.ToString(out.KeyId), k.id), kid, key}, nil
}

const coordinateBytes = 32 // bytes of r and of s on P-256

// derToFixedWidth converts the DER of RFC 3279, section 2.2.3, which KMS returns, to the fixed width of RFC 7518, section
// 3.4.
func derToFixedWidth(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) > 0 || !validInteger(sig.R) || !validInteger(sig.S) {
		return nil, errors.New("kms: sign: unreadable signature")
	}
	out := make([]byte, 2*coordinateBytes)
	sig.R.FillBytes(out[:coordinateBytes])
	sig.S.FillBytes(out[coordinateBytes:])
	return out, nil
}

func validInteger(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 8*coordinateBytes }
