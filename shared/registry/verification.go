package registry

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"cedula/shared/identity"
)

// StartedVerification describes a code that was sent.
type StartedVerification struct {
	Channel   identity.Channel
	SentAt    time.Time
	ExpiresAt time.Time
	ResendAt  time.Time // when another code may be requested
	Replayed  bool
}

// StartVerification sends a code to an identity's address or, if there is one, to its pending address. The result is
// the same whether or not the message arrives. identity.MessageLanguage selects one of the languages; test says whether
// the caller is a test client.
//
// It returns an *Invalid for an unknown channel, a *StateError if there is nothing to verify or the address cannot
// receive a code, a *RateLimited if another code may not be sent yet, and the errors of Update.
func (r *Registry) StartVerification(ctx context.Context, c Change, channel identity.Channel, languages []string, test bool) (StartedVerification, error) {
	if !channel.Known() {
		return StartedVerification{}, errInvalidChannel
	}
	c.sideWrites = func(ctx context.Context, i *identity.Identity) (identity.SideWrites, error) {
		return r.issueCode(ctx, i, codeRequest{channel, languages, test, c.Client})
	}
	changed, err := r.Update(ctx, c)
	if err != nil {
		return StartedVerification{}, err
	}
	sent := changed.Verification(channel).CodeSentAt
	return StartedVerification{channel, sent, sent.Add(identity.CodeTTL), sent.Add(identity.ResendInterval), changed.Replayed}, nil
}

var errInvalidChannel = &identity.Invalid{Field: identity.FieldChannel, Reason: "must be email or phone"}

// codeRequest is a request for a code.
type codeRequest struct {
	channel   identity.Channel
	languages []string
	testMode  bool
	client    string // the caller
}

// issueCode records on the identity that a code is sent, and returns the side writes.
func (r *Registry) issueCode(ctx context.Context, i *identity.Identity, asked codeRequest) (identity.SideWrites, error) {
	now := r.TenantNow(i.Tenant).Truncate(time.Second)
	address, err := r.addressToVerify(ctx, i, asked.channel)
	if err != nil {
		return identity.SideWrites{}, err
	}
	if _, err := asked.channel.Deliverable(address); err != nil {
		return identity.SideWrites{}, err
	}
	to := r.Store.LookupKey(i.Tenant, asked.channel.Field(), address)
	counted := r.Store.LookupKey(i.Tenant, asked.channel.Field(), asked.channel.LimitedAddress(address))
	was, sends, err := r.Store.VerificationCode(ctx, i.Tenant, i.ID, asked.channel, counted)
	if err != nil {
		return identity.SideWrites{}, err
	}
	if err := was.CheckResend(now); err != nil {
		return identity.SideWrites{}, err
	}
	if err := sends.CheckRateLimit(now); err != nil {
		return identity.SideWrites{}, err
	}
	sends.Record(now)
	p := i.Verification(asked.channel)
	p.CodeSentAt = now
	i.SetVerification(p)
	if i.Status == identity.Pending {
		if err := i.Advance(now); err != nil {
			return identity.SideWrites{}, err
		}
	}
	code, message, err := r.newVerificationCode(i, asked, address, to)
	if err != nil {
		return identity.SideWrites{}, err
	}
	code.Version = was.Version
	writes := identity.SideWrites{Code: &code, SendHistory: &sends, Message: message}
	if message == nil {
		return writes, nil
	}
	writes.Count = &sends.OfTenant
	return writes, writes.Count.Add(asked.client, cmp.Or(r.MessageLimits, identity.DefaultMessageLimits), now)
}

// addressToVerify returns the address that a code is sent to, in clear. It returns a *StateError.
func (r *Registry) addressToVerify(ctx context.Context, i *identity.Identity, channel identity.Channel) (string, error) {
	p := i.Verification(channel)
	if p.PendingCiphertext != "" {
		return r.decrypt(ctx, i, i.PendingEncryptionContext(channel.Field()), []byte(p.PendingCiphertext))
	}
	if p.PendingAddress != "" {
		return p.PendingAddress, nil
	}
	if *i.TokenizableField(channel.Field()) == "" {
		return "", &identity.StateError{Reason: "the identity has no " + string(channel)}
	}
	if !p.VerifiedAt.IsZero() {
		return "", &identity.StateError{Reason: "the " + string(channel) + " is verified already"}
	}
	if !i.NeedsVerification(channel) {
		return "", &identity.StateError{Reason: "an identity in status " + string(i.Status) + " does not wait for its " + string(channel) + " to be proven"}
	}
	return r.CurrentAddress(ctx, i, channel)
}

// CurrentAddress returns the address of a channel in clear, decrypted if it is tokenized.
func (r *Registry) CurrentAddress(ctx context.Context, i *identity.Identity, channel identity.Channel) (string, error) {
	if sealed := i.Tokenized(channel.Field()); sealed != nil {
		return r.decryptField(ctx, i, sealed)
	}
	return *i.TokenizableField(channel.Field()), nil
}

// newVerificationCode returns a code and the message that delivers it. There is no message to an address with a
// fixed outcome.
func (r *Registry) newVerificationCode(i *identity.Identity, asked codeRequest, address, to string) (identity.VerificationCode, *identity.Message, error) {
	digits, err := randomCode(r.Random)
	if err != nil {
		return identity.VerificationCode{}, nil, err
	}
	id, err := identity.NewMessageID(r.Random)
	if err != nil {
		return identity.VerificationCode{}, nil, err
	}
	now := i.Verification(asked.channel).CodeSentAt
	script := i.TestOutcome(asked.channel, address, asked.testMode)
	code := identity.VerificationCode{Channel: asked.channel, LookupKey: to, SentAt: now, ExpiresAt: now.Add(identity.CodeTTL), TestMode: script != identity.TestOutcomeNone}
	if script == identity.TestOutcomeVerifies {
		digits = identity.TestModeValidCode
	}
	if script != identity.TestOutcomeFails {
		code.Hash = r.Store.HashCode(i.Tenant, i.ID, to, digits)
	}
	if script != identity.TestOutcomeNone {
		return code, nil, nil
	}
	deliverable, err := asked.channel.Deliverable(address)
	return code, &identity.Message{
		ID: id, Tenant: i.Tenant, IdentityID: i.ID, Channel: asked.channel, Purpose: identity.PurposeVerificationCode,
		To: deliverable, Code: digits, Language: identity.MessageLanguage(asked.languages, i.Country), ExpiresAt: code.ExpiresAt,
	}, err
}

// ConfirmVerification verifies an address with the code that was sent to it and advances a pending identity. However
// many requests run concurrently, at most MaxCodeAttempts wrong codes are compared, and a correct code is used once.
// test says whether the caller is a test client.
//
// White space in code is ignored. It returns an *Invalid unless code has six digits, ErrNoCodeSent, ErrUsedCode, ErrTooManyAttempts, ErrExpiredCode or
// ErrWrongCode, and the errors of Update: a *Conflict if the new address makes the identity equal to another.
func (r *Registry) ConfirmVerification(ctx context.Context, c Change, channel identity.Channel, code string, test bool) (identity.WriteResult, error) {
	if !channel.Known() {
		return identity.WriteResult{}, errInvalidChannel
	}
	code, err := identity.ParseCode(code)
	if err != nil {
		return identity.WriteResult{}, err
	}
	c.verifiesAddress = true
	c.sideWrites = func(ctx context.Context, i *identity.Identity) (identity.SideWrites, error) {
		return r.redeemCode(ctx, i, channel, code, test)
	}
	return r.Update(ctx, c)
}

func (r *Registry) redeemCode(ctx context.Context, i *identity.Identity, channel identity.Channel, code string, test bool) (identity.SideWrites, error) {
	now := r.TenantNow(i.Tenant)
	address, err := r.addressToVerify(ctx, i, channel)
	to := ""
	if err == nil {
		to = r.Store.LookupKey(i.Tenant, channel.Field(), address)
	}
	kept, _, failed := r.Store.VerificationCode(ctx, i.Tenant, i.ID, channel, "")
	if failed != nil {
		return identity.SideWrites{}, failed
	}
	if err != nil {
		if kept.Used {
			return identity.SideWrites{}, identity.ErrUsedCode
		}
		return identity.SideWrites{}, err
	}
	if err := kept.CheckUsable(to, now); err != nil {
		return identity.SideWrites{}, err
	}
	if !r.codeMatches(i, &kept, address, code, test) {
		kept.WrongAttempts++
		if err := r.Store.RecordWrongAttempt(ctx, i, kept); err != nil {
			return identity.SideWrites{}, err
		}
		return identity.SideWrites{}, identity.ErrWrongCode
	}
	kept.Used = true
	notice, err := r.replacementNotice(ctx, i, channel, test)
	if err != nil {
		return identity.SideWrites{}, err
	}
	if i.Verification(channel).PendingAddress != "" {
		*i.TokenizableField(channel.Field()) = address
	}
	i.SetVerification(identity.Verification{Channel: channel, VerifiedAt: now.Truncate(time.Second)})
	return identity.SideWrites{Code: &kept, Message: notice}, i.Advance(now)
}

// replacementNoticeTTL is how long a notice may wait to be sent.
const replacementNoticeTTL = 24 * time.Hour

// replacementNotice returns the message that tells a verified address that another one is about to replace it; nil if none is
// due, or the address cannot receive messages.
func (r *Registry) replacementNotice(ctx context.Context, i *identity.Identity, channel identity.Channel, test bool) (*identity.Message, error) {
	v := i.Verification(channel)
	if v.PendingAddress == "" || v.VerifiedAt.IsZero() {
		return nil, nil
	}
	old, err := r.CurrentAddress(ctx, i, channel)
	if err != nil {
		return nil, err
	}
	to, err := channel.Deliverable(old)
	if err != nil || i.TestOutcome(channel, old, test) != identity.TestOutcomeNone {
		return nil, nil //nolint:nilerr // an address that cannot receive messages gets none
	}
	id, err := identity.NewMessageID(r.Random)
	return &identity.Message{
		ID: id, Tenant: i.Tenant, IdentityID: i.ID, Channel: channel, Purpose: identity.PurposeReplaced, To: to,
		Language: identity.MessageLanguage(nil, i.Country), ExpiresAt: r.TenantNow(i.Tenant).Add(replacementNoticeTTL),
	}, err
}

// codeMatches compares codes in constant time, except for the two fixed codes of test
// clients.
func (r *Registry) codeMatches(i *identity.Identity, kept *identity.VerificationCode, address, code string, test bool) bool {
	if kept.TestMode && !test {
		return false
	}
	hasFixedCodes := i.TestMode && test && i.TestOutcome(kept.Channel, address, test) == identity.TestOutcomeNone
	if hasFixedCodes && (code == identity.TestModeValidCode || code == identity.TestModeInvalidCode) {
		return code == identity.TestModeValidCode
	}
	return kept.MatchesHash(r.Store.HashCode(i.Tenant, i.ID, kept.LookupKey, code))
}

// randomCode returns six random digits. All codes are equally likely.
func randomCode(random io.Reader) (string, error) {
	const codes = 1_000_000
	const fair = (1 << 32) / codes * codes
	for {
		var b [4]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("new code: %w", err)
		}
		if n := binary.BigEndian.Uint32(b[:]); n < fair {
			return fmt.Sprintf("%0*d", identity.CodeDigits, n%codes), nil
		}
	}
}
