package identity

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"
)

// SideWrites is what is written together with an identity's next version, all or
// nothing. Each part that is nil is not written.
type SideWrites struct {
	Code        *VerificationCode // over the one of its Version
	SendHistory *SendHistory      // likewise
	Message     *Message          // into the outbox
}

// StartedVerification is a code that was sent, as far as anybody may know.
type StartedVerification struct {
	Channel   Channel
	SentAt    time.Time
	ExpiresAt time.Time
	ResendAt  time.Time // when another may be sent
	Replayed  bool
}

// StartVerification sends a code to an identity's address or, if a change of it
// waits to be proven, to the new one. The answer is the same whether or not
// anything arrives there. Languages are those that the person reads, as in an
// Accept-Language header; the message is in one of them or in the country's.
//
// It returns a *Precondition where nothing is to be proven, or no message can be
// sent, a *RateLimited where another code may not be sent yet, and what Change returns.
// Test is whether a test client asks.
func (s *Service) StartVerification(ctx context.Context, c Change, channel Channel, languages string, test bool) (StartedVerification, error) {
	if !channel.Known() {
		return StartedVerification{}, errInvalidChannel
	}
	c.sideWrites = func(ctx context.Context, i *Identity) (SideWrites, error) {
		return s.issueCode(ctx, i, codeRequest{channel, languages, test})
	}
	changed, err := s.Update(ctx, c)
	if err != nil {
		return StartedVerification{}, err
	}
	sent := changed.Verification(channel).CodeSentAt
	return StartedVerification{channel, sent, sent.Add(CodeTTL), sent.Add(ResendInterval), changed.Replayed}, nil
}

var errInvalidChannel = &Invalid{FieldChannel, "must be email or phone"}

// codeRequest is what is asked for.
type codeRequest struct {
	channel   Channel
	languages string
	testMode  bool
}

// issueCode notes on the identity that a code is sent, and returns what to write besides.
func (s *Service) issueCode(ctx context.Context, i *Identity, asked codeRequest) (SideWrites, error) {
	now := s.TenantNow(i.Tenant).Truncate(time.Second)
	address, err := s.addressToVerify(ctx, i, asked.channel)
	if err != nil {
		return SideWrites{}, err
	}
	if err := checkDeliverable(asked.channel, address); err != nil {
		return SideWrites{}, err
	}
	to := s.Store.LookupKey(i.Tenant, asked.channel.Field(), address)
	was, sends, err := s.Store.VerificationCode(ctx, i.Tenant, i.ID, asked.channel, to)
	if err != nil {
		return SideWrites{}, err
	}
	if wait := was.SentAt.Add(ResendInterval).Sub(now); wait > 0 {
		return SideWrites{}, &RateLimited{wait, "a code was sent a moment ago"}
	}
	if err := sends.checkRateLimit(now); err != nil {
		return SideWrites{}, err
	}
	sends.add(now)
	p := i.Verification(asked.channel)
	p.CodeSentAt = now
	i.setVerification(p)
	if i.Status == Pending {
		if err := i.advance(now); err != nil {
			return SideWrites{}, err
		}
	}
	code, message, err := s.newVerificationCode(i, asked, address, to)
	if err != nil {
		return SideWrites{}, err
	}
	code.Version = was.Version
	return SideWrites{Code: &code, SendHistory: &sends, Message: message}, nil
}

// addressToVerify is the address that a code goes to.
func (s *Service) addressToVerify(ctx context.Context, i *Identity, channel Channel) (string, error) {
	p := i.Verification(channel)
	switch {
	case p.PendingCiphertext != "":
		return s.decrypt(ctx, i, i.pendingEncryptionContext(channel.Field()), []byte(p.PendingCiphertext))
	case p.PendingAddress != "":
		return p.PendingAddress, nil
	case *i.tokenizableField(channel.Field()) == "":
		return "", &StateError{"the identity has no " + string(channel)}
	case !p.VerifiedAt.IsZero():
		return "", &StateError{"the " + string(channel) + " is proven already"}
	case !i.needsVerification(channel):
		return "", &StateError{"an identity in status " + string(i.Status) + " does not wait for its " + string(channel) + " to be proven"}
	}
	return s.currentAddress(ctx, i, channel)
}

// currentAddress is a channel's, also where it is tokenized.
func (s *Service) currentAddress(ctx context.Context, i *Identity, channel Channel) (string, error) {
	if sealed := i.Tokenized(channel.Field()); sealed != nil {
		return s.decryptField(ctx, i, sealed)
	}
	return *i.tokenizableField(channel.Field()), nil
}

// checkDeliverable refuses what is no address, which the other dialect takes, and one that
// a mailbox has several spellings of, each of which would have a count of its own:
// one in other letters than ASCII. Amazon SES takes none either: a host is written
// as in DNS, xn--... (RFC 5890), and what stands before it in seven bits.
func checkDeliverable(c Channel, address string) error {
	if c.checkAddress(address) != nil {
		return &StateError{"the identity's " + string(c) + " is none that a code can be sent to"}
	}
	if c == ChannelEmail && strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return &StateError{"no code can be sent to an email that is not written in ASCII (its host as xn--...)"}
	}
	return nil
}

// newVerificationCode makes a code and the message that brings it; none to an address whose
// outcome is known beforehand.
func (s *Service) newVerificationCode(i *Identity, asked codeRequest, address, to string) (VerificationCode, *Message, error) {
	digits, err := randomCode(s.Random)
	if err != nil {
		return VerificationCode{}, nil, err
	}
	id, err := newMessageID(s.Random)
	if err != nil {
		return VerificationCode{}, nil, err
	}
	now := i.Verification(asked.channel).CodeSentAt
	script := i.testOutcome(asked.channel, address, asked.testMode)
	code := VerificationCode{Channel: asked.channel, LookupKey: to, SentAt: now, ExpiresAt: now.Add(CodeTTL), TestMode: script != testOutcomeNone}
	if script == testOutcomeVerifies {
		digits = TestModeValidCode
	}
	if script != testOutcomeFails {
		code.Hash = s.Store.HashCode(i.Tenant, i.ID, to, digits)
	}
	if script != testOutcomeNone {
		return code, nil, nil
	}
	return code, &Message{
		ID: id, Tenant: i.Tenant, IdentityID: i.ID, Channel: asked.channel, Purpose: PurposeVerificationCode,
		To: address, Code: digits, Language: NegotiateLanguage(asked.languages, i.Country), ExpiresAt: code.ExpiresAt,
	}, nil
}

// ConfirmVerification proves an address by the code that was sent to it, and
// moves a pending identity on. Of many who try at once, no more than MaxCodeAttempts
// wrong codes are ever compared, and one right code is used once.
//
// It returns an *Invalid for what is no code, ErrNoCodeSent, ErrUsedCode,
// ErrTooManyAttempts, ErrExpiredCode or ErrWrongCode, and what Change returns: a *Taken
// if the changed address makes the identity equal to another. Test is whether a
// test client asks.
func (s *Service) ConfirmVerification(ctx context.Context, c Change, channel Channel, code string, test bool) (WriteResult, error) {
	if !channel.Known() {
		return WriteResult{}, errInvalidChannel
	}
	if err := checkCode(code); err != nil {
		return WriteResult{}, err
	}
	c.verifiesAddress = true
	c.sideWrites = func(ctx context.Context, i *Identity) (SideWrites, error) {
		return s.redeemCode(ctx, i, channel, code, test)
	}
	changed, err := s.Update(ctx, c)
	if err != nil {
		return WriteResult{}, err
	}
	return s.screen(ctx, changed)
}

func (s *Service) redeemCode(ctx context.Context, i *Identity, channel Channel, code string, test bool) (SideWrites, error) {
	now := s.TenantNow(i.Tenant)
	address, err := s.addressToVerify(ctx, i, channel)
	to := ""
	if err == nil {
		to = s.Store.LookupKey(i.Tenant, channel.Field(), address)
	}
	kept, _, failed := s.Store.VerificationCode(ctx, i.Tenant, i.ID, channel, "")
	if failed != nil {
		return SideWrites{}, failed
	}
	if err != nil {
		if kept.Used {
			return SideWrites{}, ErrUsedCode
		}
		return SideWrites{}, err
	}
	if err := kept.checkUsable(to, now); err != nil {
		return SideWrites{}, err
	}
	if !s.codeMatches(i, &kept, address, code, test) {
		kept.WrongAttempts++
		if err := s.Store.RecordWrongAttempt(ctx, i.Tenant, i.ID, kept); err != nil {
			return SideWrites{}, err
		}
		return SideWrites{}, ErrWrongCode
	}
	kept.Used = true
	if i.Verification(channel).PendingAddress != "" {
		*i.tokenizableField(channel.Field()) = address
	}
	i.setVerification(Verification{Channel: channel, VerifiedAt: now.Truncate(time.Second)})
	return SideWrites{Code: &kept}, i.advance(now)
}

// codeMatches compares in constant time, but for the two codes that a test client's
// tests know anyway.
func (s *Service) codeMatches(i *Identity, kept *VerificationCode, address, code string, test bool) bool {
	switch {
	case kept.TestMode && !test:
		return false
	case !i.TestMode || !test || i.testOutcome(kept.Channel, address, test) != testOutcomeNone:
	case code == TestModeValidCode:
		return true
	case code == TestModeInvalidCode:
		return false
	}
	return kept.matchesHash(s.Store.HashCode(i.Tenant, i.ID, kept.LookupKey, code))
}
