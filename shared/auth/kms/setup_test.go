package kms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"cedula/shared/auth/kms"
)

const keyARN = "arn:aws:kms:us-east-1:111122223333:key/0d0d0d0d-0000-4000-8000-000000000000"

var (
	ctx       = context.Background()
	digest    = make([]byte, 32)
	errOutage = errors.New("outage")
)

// fakeKMS is a KMS client with one P-256 key, which it returns for every id.
type fakeKMS struct {
	private  *ecdsa.PrivateKey
	override func(*awskms.GetPublicKeyOutput) // edits responses
	hold     func()                           // runs before each response of GetPublicKey

	mu        sync.Mutex
	err       error  // of every call
	signature []byte // of every response; nil: a valid one
	gets      []awskms.GetPublicKeyInput
	signs     []awskms.SignInput
}

// newKey returns a key of a new fakeKMS.
func newKey(t *testing.T) (*kms.Key, *fakeKMS) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeKMS{private: private, override: func(*awskms.GetPublicKeyOutput) {}, hold: func() {}}
	return kms.New(s, "alias/tokens"), s
}

func (s *fakeKMS) GetPublicKey(_ context.Context, in *awskms.GetPublicKeyInput, _ ...func(*awskms.Options)) (*awskms.GetPublicKeyOutput, error) {
	s.hold()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets = append(s.gets, *in)
	der, err := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
	out := &awskms.GetPublicKeyOutput{KeyId: aws.String(keyARN), PublicKey: der, KeyUsage: types.KeyUsageTypeSignVerify}
	s.override(out)
	return out, errors.Join(s.err, err)
}

func (s *fakeKMS) Sign(_ context.Context, in *awskms.SignInput, _ ...func(*awskms.Options)) (*awskms.SignOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signs = append(s.signs, *in)
	if s.signature != nil {
		return &awskms.SignOutput{Signature: s.signature}, s.err
	}
	der, err := ecdsa.SignASN1(rand.Reader, s.private, in.Message)
	return &awskms.SignOutput{Signature: der}, errors.Join(s.err, err)
}

// wantCalls compares the numbers of calls so far.
func (s *fakeKMS) wantCalls(t *testing.T, gets, signs int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.gets) != gets || len(s.signs) != signs {
		t.Errorf("GetPublicKey was called %d times and Sign %d, want %d and %d", len(s.gets), len(s.signs), gets, signs)
	}
}
