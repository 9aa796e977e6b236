package messaging

import (
	"errors"
	"strings"

	"cedula/shared/identity"
)

// RenderedMessage is a message as the person reads it.
type RenderedMessage struct {
	identity.Message
	Subject string // empty for a text message
	Text    string
}

// messageTemplate is what is said for one purpose in one language. A short message fits
// one segment: 160 characters of the GSM alphabet, or else 70 of any
// (3GPP TS 23.038). A subject says no code: it is shown on locked screens.
type messageTemplate struct{ subject, text, sms string }

const (
	codePlaceholder = "{code}"
	datePlaceholder = "{date}"
)

// templates name nobody, neither person nor client: who is not meant learns
// nothing from a message that went astray.
var templates = map[identity.Purpose]map[string]messageTemplate{
	identity.PurposeVerificationCode: {
		"es": {
			"Tu código de verificación",
			"Tu código de verificación es:\n\n    {code}\n\nVale durante 10 minutos. No lo compartas con nadie: nunca te lo pediremos por teléfono ni por mensaje.\n\nSi no lo pediste, ignora este correo.\n",
			"{code} es tu código. Vale 10 minutos. No lo compartas con nadie.",
		},
		"pt": {
			"Seu código de verificação",
			"Seu código de verificação é:\n\n    {code}\n\nEle vale por 10 minutos. Não o compartilhe com ninguém: nunca o pediremos por telefone nem por mensagem.\n\nSe você não o pediu, ignore este e-mail.\n",
			"{code} é o seu código. Vale 10 minutos. Não o compartilhe.",
		},
		"en": {
			"Your verification code",
			"Your verification code is:\n\n    {code}\n\nIt lasts 10 minutes. Share it with nobody: we never ask for it by phone or message.\n\nIf you did not ask for it, ignore this email.\n",
			"{code} is your code. It lasts 10 minutes. Share it with nobody.",
		},
	},
	identity.PurposeReminder: {
		"es": {
			"Tu registro va a vencer",
			"Tu registro está incompleto y vence el {date}.\n\nSi no lo completas antes, se eliminará y tendrás que empezar de nuevo.\n",
			"Tu registro vence el {date} si no lo completas antes.",
		},
		"pt": {
			"Seu cadastro vai expirar",
			"Seu cadastro está incompleto e expira em {date}.\n\nSe você não o completar antes, ele será excluído e será preciso começar de novo.\n",
			"Seu cadastro expira em {date}. Complete-o antes.",
		},
		"en": {
			"Your registration is about to lapse",
			"Your registration is incomplete and lapses on {date}.\n\nUnless you complete it before, it will be deleted and you will have to start again.\n",
			"Your registration lapses on {date} unless you complete it before.",
		},
	},
}

// dateFormats are how each language writes one. The hour is UTC's, and says so: where
// the person is nobody knows.
var dateFormats = map[string]string{
	"es": "02/01/2006, 15:04 UTC", "pt": "02/01/2006, 15:04 UTC", "en": "2 January 2006, 15:04 UTC",
}

// Render writes a message down, in English if there are no words for its language.
// It returns an error for a purpose that there are no words for.
func Render(m identity.Message) (RenderedMessage, error) {
	inLanguage, known := templates[m.Purpose]
	if !known {
		return RenderedMessage{}, errors.New("no words for the purpose of a message")
	}
	if _, known := inLanguage[m.Language]; !known {
		m.Language = "en"
	}
	w := inLanguage[m.Language]
	l := RenderedMessage{Message: m, Subject: w.subject, Text: w.text}
	if m.Channel == identity.ChannelPhone {
		l.Subject, l.Text = "", w.sms
	}
	l.Text = strings.NewReplacer(codePlaceholder, m.Code, datePlaceholder, m.ExpiresAt.UTC().Format(dateFormats[m.Language])).Replace(l.Text)
	return l, nil
}
