package messaging_test

import (
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cedula/shared/identity"
	"cedula/shared/messaging"
)

var expires = time.Date(2026, 9, 30, 23, 59, 30, 0, time.FixedZone("", -3*3600)) // the next day in UTC

func message(c identity.Channel, p identity.Purpose, language string) identity.Message {
	m := identity.Message{
		ID: "m1", Tenant: "canary-tenant", IdentityID: "canary-id", Channel: c, Purpose: p,
		To: "canary@example.com", Language: language, ExpiresAt: expires,
	}
	if p == identity.PurposeVerificationCode {
		m.Code = "271828"
	}
	return m
}

func TestRender(t *testing.T) {
	says := map[identity.Purpose]map[string][]string{
		identity.PurposeVerificationCode: {
			"es": {"271828", "10 minutos", "No lo compartas"},
			"pt": {"271828", "10 minutos", "Não o compartilhe"},
			"en": {"271828", "10 minutes", "Share it with nobody"},
		},
		identity.PurposeReminder: {
			"es": {"vence", "01/10/2026, 02:59 UTC"}, "pt": {"expira", "01/10/2026, 02:59 UTC"}, "en": {"lapses", "1 October 2026, 02:59 UTC"},
		},
	}
	for purpose, languages := range says {
		for language, parts := range languages {
			for _, channel := range []identity.Channel{identity.ChannelEmail, identity.ChannelPhone} {
				m := message(channel, purpose, language)
				l, err := messaging.Render(m)
				if err != nil || l.Message != m {
					t.Errorf("%v, %+v", err, l)
				}
				for _, part := range parts {
					if !strings.Contains(l.Text, part) {
						t.Errorf("%s %s: no %q in %q", purpose, language, part, l.Text)
					}
				}
				if (l.Subject == "") != (channel == identity.ChannelPhone) || strings.Contains(l.Subject, "271828") {
					t.Errorf("%s %s: subject %q", purpose, language, l.Subject)
				}
				if all := l.Subject + l.Text; strings.Contains(all, "canary") || strings.ContainsAny(all, "{}") {
					t.Errorf("%s %s: says %q", purpose, language, all)
				}
				if channel == identity.ChannelPhone {
					wantOneSegment(t, l.Text)
				}
			}
		}
	}
}

// gsmAlphabet is the part of the GSM 7 bit alphabet that there may be use for.
var gsmAlphabet = regexp.MustCompile("^[@£$¥èéùìòÇØøÅåÆæßÉ !\"#¤%&'()*+,./:;<=>?0-9A-Za-z¡ÄÖÑÜ§¿äöñüà-]*$")

// wantOneSegment: what takes more is charged and may arrive in pieces.
func wantOneSegment(t *testing.T, text string) {
	t.Helper()
	most := 70
	if gsmAlphabet.MatchString(text) {
		most = 160
	}
	if n := utf8.RuneCountInString(text); n > most {
		t.Errorf("%d characters, at most %d: %s", n, most, text)
	}
}

func TestUnknownLanguageIsEnglish(t *testing.T) {
	l, err := messaging.Render(message(identity.ChannelEmail, identity.PurposeVerificationCode, "fr"))
	if err != nil || l.Language != "en" || !strings.Contains(l.Text, "271828") || !strings.Contains(l.Text, "minutes") {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestUnknownPurpose(t *testing.T) {
	if l, err := messaging.Render(message(identity.ChannelEmail, "other", "es")); err == nil || l != (messaging.RenderedMessage{}) {
		t.Errorf("%+v", l)
	}
}
