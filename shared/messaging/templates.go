package messaging

import (
	"errors"
	"strings"

	"cedula/shared/identity"
)

// RenderedMessage is a message with the text that the person reads.
type RenderedMessage struct {
	identity.Message
	Subject string // empty for a text message
	Text    string
}

// messageTemplate is the text for one purpose in one language. A text message fits one
// segment: 160 characters of the GSM alphabet, otherwise 70 (3GPP TS 23.038). A subject does
// not contain the code, because locked screens show it.
type messageTemplate struct{ subject, text, sms string }

// templates name neither the person nor the client, so that a message to a wrong address
// reveals nothing.
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
	identity.PurposeReplaced: {
		"es": {
			"Cambió tu correo de contacto",
			"Este correo fue reemplazado como contacto de tu registro.\n\nSi no lo pediste, avisa de inmediato a la empresa en la que te registraste.\n",
			"Tu teléfono fue reemplazado. Si no lo pediste, avisa a la empresa.",
		},
		"pt": {
			"Seu e-mail de contato mudou",
			"Este e-mail foi substituído como contato do seu cadastro.\n\nSe você não o pediu, avise imediatamente a empresa em que se cadastrou.\n",
			"Seu telefone foi substituído. Se não o pediu, avise a empresa.",
		},
		"en": {
			"Your contact email has changed",
			"This email was replaced as the contact of your registration.\n\nIf you did not ask for it, tell the company with which you registered immediately.\n",
			"Your phone was replaced. If you did not ask for it, tell the company.",
		},
	},
}

// dateFormats are in UTC, and say so, because the person's time zone is unknown.
var dateFormats = map[string]string{
	"es": "02/01/2006, 15:04 UTC", "pt": "02/01/2006, 15:04 UTC", "en": "2 January 2006, 15:04 UTC",
}

// Render renders a message in its language, or in English if there is no template for it.
// It returns an error for an unknown purpose.
func Render(m identity.Message) (RenderedMessage, error) {
	languages, ok := templates[m.Purpose]
	if !ok {
		return RenderedMessage{}, errors.New("no words for the purpose of a message")
	}
	template, ok := languages[m.Language]
	if !ok {
		m.Language = "en"
		template = languages[m.Language]
	}
	expires := m.ExpiresAt.UTC().Format(dateFormats[m.Language])
	fill := strings.NewReplacer("{code}", m.Code, "{date}", expires)
	if m.Channel == identity.ChannelPhone {
		return RenderedMessage{Message: m, Text: fill.Replace(template.sms)}, nil
	}
	return RenderedMessage{Message: m, Subject: template.subject, Text: fill.Replace(template.text)}, nil
}
