package fakekms_test

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"cedula/infra/lambdatest/fakekms"
	"cedula/shared/encryption"
	wrapping "cedula/shared/encryption/kms"
)

var ctx = context.Background()

func newClient(t *testing.T) *kms.Client {
	t.Helper()
	keys, err := fakekms.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(keys)
	t.Cleanup(server.Close)
	return kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	})
}

// TestEnvelopeEncryption runs a real vault and the real client.
func TestEnvelopeEncryption(t *testing.T) {
	w, err := wrapping.New(newClient(t), fakekms.WrappingKeyID)
	if err != nil {
		t.Fatal(err)
	}
	first, second := encryption.NewFieldCipher(w, time.Now), encryption.NewFieldCipher(w, time.Now)
	wrapped, err := first.NewKey(ctx, "acme")
	if err != nil {
		t.Fatal(err)
	}
	box, err := first.Encrypt(ctx, "acme", wrapped, "place", "value")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Decrypt(ctx, "acme", wrapped, "place", box); err != nil || got != "value" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := second.Decrypt(ctx, "globex", wrapped, "place", box); !errors.Is(err, encryption.ErrInvalidCiphertext) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestDataKeys(t *testing.T) {
	c := newClient(t)
	id, about := aws.String(fakekms.WrappingKeyID), map[string]string{"a": "1", "b": "2"}
	made, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: id, KeySpec: types.DataKeySpecAes256, EncryptionContext: about})
	if err != nil || len(made.Plaintext) != 32 || bytes.Contains(made.CiphertextBlob, made.Plaintext) {
		t.Fatal(err)
	}
	second, err := c.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: id, KeySpec: types.DataKeySpecAes256, EncryptionContext: about})
	if err != nil || bytes.Equal(second.Plaintext, made.Plaintext) {
		t.Error("the same key again", err)
	}
	got, err := c.Decrypt(ctx, &kms.DecryptInput{KeyId: id, CiphertextBlob: made.CiphertextBlob, EncryptionContext: map[string]string{"b": "2", "a": "1"}})
	if err != nil || !bytes.Equal(got.Plaintext, made.Plaintext) {
		t.Error("another key, or", err)
	}
	for name, in := range map[string]*kms.DecryptInput{
		"another context": {KeyId: id, CiphertextBlob: made.CiphertextBlob, EncryptionContext: map[string]string{"a": "1"}},
		"no context":      {KeyId: id, CiphertextBlob: made.CiphertextBlob},
		"damaged":         {KeyId: id, CiphertextBlob: made.CiphertextBlob[1:], EncryptionContext: about},
	} {
		var want *types.InvalidCiphertextException
		if _, err := c.Decrypt(ctx, in); !errors.As(err, &want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var absent *types.NotFoundException
	if _, err := c.Decrypt(ctx, &kms.DecryptInput{KeyId: aws.String(fakekms.SigningKeyID), CiphertextBlob: made.CiphertextBlob}); !errors.As(err, &absent) {
		t.Errorf("the key that signs: %v", err)
	}
	if _, err := c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: id}); !errors.As(err, &absent) {
		t.Errorf("the data key's public half: %v", err)
	}
}
