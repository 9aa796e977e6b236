package identity

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"
)

// Aside is what is written together with an identity's next version, all or
// nothing. Each part that is nil is not written.
type Aside struct {
	Code    *Code    // over the one of its Version
	Sends   *Sends   // likewise
	Message *Message // into the outbox
}

// Started is a code that was sent, as far as anybody may know.
type Started struct {
	Channel  Channel
	Sent     time.Time
	Expires  time.Time
	Next     time.Time // when another may be sent
	Replayed bool
}

// StartVerification sends a code to an identity's address or, if a change of it
// waits to be proven, to the new one. The answer is the same whether or not
// anything arrives there. Languages are those that the person reads, as in an
// Accept-Language header; the message is in one of them or in the country's.
//
// It returns a *Precondition where nothing is to be proven, or no message can be
// sent, a *TooSoon where another code may not be sent yet, and what Change returns.
// Test is whether a test client asks.
func (s *Service) StartVerification(ctx context.Context, c Change, channel Channel, languages string, test bool) (Started, error) {
	if !channel.Known() {
		return Started{}, errChannel
	}
	c.aside = func(ctx context.Context, i *Identity) (Aside, error) {
		return s.start(ctx, i, sending{channel, languages, test})
	}
	changed, err := s.Change(ctx, c)
	if err != nil {
		return Started{}, err
	}
	sent := changed.Proof(channel).Sent
	return Started{channel, sent, sent.Add(CodeLife), sent.Add(CodePause), changed.Replayed}, nil
}

var errChannel = &Invalid{FieldChannel, "must be email or phone"}

// sending is what is asked for.
type sending struct {
	channel   Channel
	languages string
	test      bool
}

// start notes on the identity that a code is sent, and returns what to write besides.
func (s *Service) start(ctx context.Context, i *Identity, asked sending) (Aside, error) {
	now := s.Time(i.Tenant).Truncate(time.Second)
	address, err := s.toProve(ctx, i, asked.channel)
	if err != nil {
		return Aside{}, err
	}
	if err := sendable(asked.channel, address); err != nil {
		return Aside{}, err
	}
	to := s.Store.LookUp(i.Tenant, asked.channel.Field(), address)
	was, sends, err := s.Store.Code(ctx, i.Tenant, i.ID, asked.channel, to)
	if err != nil {
		return Aside{}, err
	}
	if wait := was.Sent.Add(CodePause).Sub(now); wait > 0 {
		return Aside{}, &TooSoon{wait, "a code was sent a moment ago"}
	}
	if err := sends.check(now); err != nil {
		return Aside{}, err
	}
	sends.add(now)
	p := i.Proof(asked.channel)
	p.Sent = now
	i.note(p)
	if i.Status == Pending {
		if err := i.advance(now); err != nil {
			return Aside{}, err
		}
	}
	code, message, err := s.newCode(i, asked, address, to)
	if err != nil {
		return Aside{}, err
	}
	code.Version = was.Version
	return Aside{Code: &code, Sends: &sends, Message: message}, nil
}

// toProve is the address that a code goes to.
func (s *Service) toProve(ctx context.Context, i *Identity, channel Channel) (string, error) {
	p := i.Proof(channel)
	switch {
	case p.Box != "":
		return s.openBox(ctx, i, i.placeOfChange(channel.Field()), []byte(p.Box))
	case p.Change != "":
		return p.Change, nil
	case *i.text(channel.Field()) == "":
		return "", &Precondition{"the identity has no " + string(channel)}
	case !p.Proven.IsZero():
		return "", &Precondition{"the " + string(channel) + " is proven already"}
	case !i.due(channel):
		return "", &Precondition{"an identity in status " + string(i.Status) + " does not wait for its " + string(channel) + " to be proven"}
	}
	return s.address(ctx, i, channel)
}

// address is a channel's, also where it is tokenized.
func (s *Service) address(ctx context.Context, i *Identity, channel Channel) (string, error) {
	if sealed := i.Tokenized(channel.Field()); sealed != nil {
		return s.open(ctx, i, sealed)
	}
	return *i.text(channel.Field()), nil
}

// sendable refuses what is no address, which the other dialect takes, and one that
// a mailbox has several spellings of, each of which would have a count of its own:
// one in other letters than ASCII. Amazon SES takes none either: a host is written
// as in DNS, xn--... (RFC 5890), and what stands before it in seven bits.
func sendable(c Channel, address string) error {
	if c.check(address) != nil {
		return &Precondition{"the identity's " + string(c) + " is none that a code can be sent to"}
	}
	if c == ByEmail && strings.ContainsFunc(address, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return &Precondition{"no code can be sent to an email that is not written in ASCII (its host as xn--...)"}
	}
	return nil
}

// newCode makes a code and the message that brings it; none to an address whose
// outcome is known beforehand.
func (s *Service) newCode(i *Identity, asked sending, address, to string) (Code, *Message, error) {
	digits, err := newCode(s.Random)
	if err != nil {
		return Code{}, nil, err
	}
	id, err := messageID(s.Random)
	if err != nil {
		return Code{}, nil, err
	}
	now := i.Proof(asked.channel).Sent
	script := i.scripted(asked.channel, address, asked.test)
	code := Code{Channel: asked.channel, To: to, Sent: now, Expires: now.Add(CodeLife), Scripted: script != unscripted}
	if script == verifies {
		digits = SandboxRight
	}
	if script != fails {
		code.Hash = s.Store.HashCode(i.Tenant, i.ID, to, digits)
	}
	if script != unscripted {
		return code, nil, nil
	}
	return code, &Message{
		ID: id, Tenant: i.Tenant, Identity: i.ID, Channel: asked.channel, Purpose: SendCode,
		To: address, Code: digits, Language: Language(asked.languages, i.Country), Expires: code.Expires,
	}, nil
}

// ConfirmVerification proves an address by the code that was sent to it, and
// moves a pending identity on. Of many who try at once, no more than CodeChecks
// wrong codes are ever compared, and one right code is used once.
//
// It returns an *Invalid for what is no code, ErrNoCode, ErrUsedCode,
// ErrSpentCode, ErrExpiredCode or ErrWrongCode, and what Change returns: a *Taken
// if the changed address makes the identity equal to another. Test is whether a
// test client asks.
func (s *Service) ConfirmVerification(ctx context.Context, c Change, channel Channel, code string, test bool) (Changed, error) {
	if !channel.Known() {
		return Changed{}, errChannel
	}
	if err := checkCode(code); err != nil {
		return Changed{}, err
	}
	c.proves = true
	c.aside = func(ctx context.Context, i *Identity) (Aside, error) {
		return s.confirm(ctx, i, channel, code, test)
	}
	changed, err := s.Change(ctx, c)
	if err != nil {
		return Changed{}, err
	}
	return s.screen(ctx, changed)
}

func (s *Service) confirm(ctx context.Context, i *Identity, channel Channel, code string, test bool) (Aside, error) {
	now := s.Time(i.Tenant)
	address, err := s.toProve(ctx, i, channel)
	to := ""
	if err == nil {
		to = s.Store.LookUp(i.Tenant, channel.Field(), address)
	}
	kept, _, failed := s.Store.Code(ctx, i.Tenant, i.ID, channel, "")
	if failed != nil {
		return Aside{}, failed
	}
	if err != nil {
		if kept.Used {
			return Aside{}, ErrUsedCode
		}
		return Aside{}, err
	}
	if err := kept.state(to, now); err != nil {
		return Aside{}, err
	}
	if !s.right(i, &kept, address, code, test) {
		kept.Checks++
		if err := s.Store.SpendCheck(ctx, i.Tenant, i.ID, kept); err != nil {
			return Aside{}, err
		}
		return Aside{}, ErrWrongCode
	}
	kept.Used = true
	if i.Proof(channel).Change != "" {
		*i.text(channel.Field()) = address
	}
	i.note(Proof{Channel: channel, Proven: now.Truncate(time.Second)})
	return Aside{Code: &kept}, i.advance(now)
}

// right compares in constant time, but for the two codes that a test client's
// tests know anyway.
func (s *Service) right(i *Identity, kept *Code, address, code string, test bool) bool {
	switch {
	case kept.Scripted && !test:
		return false
	case !i.Test || !test || i.scripted(kept.Channel, address, test) != unscripted:
	case code == SandboxRight:
		return true
	case code == SandboxWrong:
		return false
	}
	return kept.proven(s.Store.HashCode(i.Tenant, i.ID, kept.To, code))
}
