package messaging_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"cedula/shared/identity"
	"cedula/shared/messaging"
)

func TestRender(t *testing.T) {
	for _, tt := range []struct {
		purpose  identity.Purpose
		language string
		parts    []string
	}{
		{identity.PurposeVerificationCode, "es", []string{"271828", "10 minutos", "No lo compartas"}},
		{identity.PurposeVerificationCode, "pt", []string{"271828", "10 minutos", "Não o compartilhe"}},
		{identity.PurposeVerificationCode, "en", []string{"271828", "10 minutes", "Share it with nobody"}},
		{identity.PurposeReplaced, "es", []string{"fue reemplazado", "Si no lo pediste", "empresa"}},
		{identity.PurposeReplaced, "pt", []string{"foi substituído", "avise"}},
		{identity.PurposeReplaced, "en", []string{"was replaced", "did not ask for it"}},
		{identity.PurposeReminder, "es", []string{"vence", "01/10/2026, 02:59 UTC"}},
		{identity.PurposeReminder, "pt", []string{"expira", "01/10/2026, 02:59 UTC"}},
		{identity.PurposeReminder, "en", []string{"lapses", "1 October 2026, 02:59 UTC"}},
	} {
		t.Run(string(tt.purpose)+" "+tt.language, func(t *testing.T) {
			email := render(t, newMessage(identity.ChannelEmail, tt.purpose, tt.language))
			sms := render(t, newMessage(identity.ChannelPhone, tt.purpose, tt.language))
			for _, part := range tt.parts {
				if !strings.Contains(email.Text, part) || !strings.Contains(sms.Text, part) {
					t.Errorf("email %q and text message %q, want both to contain %q", email.Text, sms.Text, part)
				}
			}
			if email.Subject == "" || strings.Contains(email.Subject, "271828") {
				t.Errorf("email subject = %q, want one without the code", email.Subject)
			}
			if sms.Subject != "" {
				t.Errorf("text message has the subject %q, want none", sms.Subject)
			}
			wantOneSegment(t, sms.Text)
		})
	}
}

// render checks what no message may contain.
func render(t *testing.T, m identity.Message) messaging.RenderedMessage {
	t.Helper()
	rendered, err := messaging.Render(m)
	if err != nil {
		t.Fatal(err)
	}
	if rendered.Message != m {
		t.Errorf("Message = %+v, want %+v", rendered.Message, m)
	}
	if words := rendered.Subject + rendered.Text; strings.Contains(words, "canary") || strings.ContainsAny(words, "{}") {
		t.Errorf("rendered %q, want neither personal data nor placeholders", words)
	}
	return rendered
}

// gsmAlphabet is the part of the GSM 7-bit alphabet that the templates may use.
var gsmAlphabet = regexp.MustCompile("^[@£$¥èéùìòÇØøÅåÆæßÉ !\"#¤%&'()*+,./:;<=>?0-9A-Za-z¡ÄÖÑÜ§¿äöñüà-]*$")

// wantOneSegment checks the length: longer messages cost more and may arrive in pieces.
func wantOneSegment(t *testing.T, text string) {
	t.Helper()
	most := 70
	if gsmAlphabet.MatchString(text) {
		most = 160
	}
	if n := utf8.RuneCountInString(text); n > most {
		t.Errorf("text message has %d characters, want at most %d: %s", n, most, text)
	}
}

func TestUnknownLanguageIsEnglishAndPurposeAnError(t *testing.T) {
	m, err := messaging.Render(newMessage(identity.ChannelEmail, identity.PurposeVerificationCode, "fr"))
	if err != nil || m.Language != "en" || !strings.Contains(m.Text, "minutes") {
		t.Errorf("Render = %+v, %v; want English", m, err)
	}
	if m, err := messaging.Render(newMessage(identity.ChannelEmail, "other", "es")); err == nil {
		t.Errorf("Render of an unknown purpose = %+v, want an error", m)
	}
}
