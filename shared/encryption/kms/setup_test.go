package kms_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/smithy-go"

	"cedula/shared/encryption"
	"cedula/shared/encryption/kms"
)

// fakeKMS is a client of a KMS with one symmetric key. It responds as KMS does, unless the test sets err or hangs.
type fakeKMS struct {
	key    *encryption.LocalKeyWrapper
	err    error // of every call
	hangs  bool  // no response until the context ends
	inputs []any
}

// newFakeKMS returns a client whose key is all one byte, and a KeyWrapper on it.
func newFakeKMS(t *testing.T, b byte) (*fakeKMS, *kms.KeyWrapper) {
	t.Helper()
	key, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte{b}, encryption.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeKMS{key: key}
	return s, kms.New(s, "alias/data")
}

func (s *fakeKMS) GenerateDataKey(ctx context.Context, in *awskms.GenerateDataKeyInput, _ ...func(*awskms.Options)) (*awskms.GenerateDataKeyOutput, error) {
	if err := s.receive(ctx, in); err != nil {
		return nil, err
	}
	plain, wrapped, err := s.key.GenerateDataKey(ctx, fmt.Sprint(in.EncryptionContext))
	return &awskms.GenerateDataKeyOutput{Plaintext: plain, CiphertextBlob: wrapped}, err
}

func (s *fakeKMS) Decrypt(ctx context.Context, in *awskms.DecryptInput, _ ...func(*awskms.Options)) (*awskms.DecryptOutput, error) {
	if err := s.receive(ctx, in); err != nil {
		return nil, err
	}
	plain, err := s.key.Unwrap(ctx, fmt.Sprint(in.EncryptionContext), in.CiphertextBlob)
	if err != nil {
		return nil, &smithy.GenericAPIError{Code: "InvalidCiphertextException", Message: canary}
	}
	return &awskms.DecryptOutput{Plaintext: plain}, nil
}

func (s *fakeKMS) receive(ctx context.Context, in any) error {
	s.inputs = append(s.inputs, in)
	if s.hangs {
		<-ctx.Done()
		return &smithy.CanceledError{Err: ctx.Err()}
	}
	return s.err
}

func mustGenerate(t *testing.T, w *kms.KeyWrapper) (plain, wrapped []byte) {
	t.Helper()
	plain, wrapped, err := w.GenerateDataKey(t.Context(), tenant)
	if err != nil {
		t.Fatal(err)
	}
	return plain, wrapped
}
