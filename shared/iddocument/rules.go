package iddocument

import "slices"

// rule is one type of document of one country.
type rule struct {
	country string
	scope   scope
	holder  holder
	lenient form // the minimum that a number must satisfy to be plausible
	strict  form
	reason  string                         // of the verdict on a number that does not have the strict form
	formula func(wellFormed string) Result // nil for a type without a check digit
	zeros   zeros
}

// zeros says what zeros before a number mean.
type zeros uint8

const (
	meaningful  zeros = iota
	meaningless       // the number is a number, which may be padded
)

// scope says in which countries, besides its own, a rule applies.
type scope uint8

const (
	ownCountryOnly      scope = iota // none: elsewhere the name means another document
	ownOrUnknownCountry              // an unknown one: the document that Conomy means by the name
	anyCountry                       // any: no other document has the name, wherever its holder lives
)

type holder uint8

const (
	anyHolder holder = iota
	person
	company
)

// rules holds the rules of each type of document, those with the widest scope first. A number in use that a rule does not
// know must not be Invalid: where sources disagree, or the authority itself does not keep to a rule, the result is Unchecked.
// Forms and holders are, unless a comment names another source, those of Conomy's table of types
// (docs.alps.cl/reference/document-types) and of python-stdnum 2.2 (github.com/arthurdejong/python-stdnum), read in November
// 2026.
var rules = map[string][]rule{
	"PASSPORT": {{"", anyCountry, anyHolder, form{5, "++++++++++++++++++++"}, // ICAO 9303 gives it up to 9 characters, and countries add to it
		form{5, "********************"}, "a passport's number has 5 to 20 letters and digits", nil, meaningful}},
	// Persons have 13 characters: cuenca-mx/stpmex-python pull request 70, read 2026-11-22.
	"RFC": {{
		"MEX", anyCountry, anyHolder,
		form{4, "+++++++++++++"},
		form{12, "NNNN999999***"},
		"an RFC has 3 or 4 letters, 6 digits and 3 letters or digits", rfc, meaningful,
	}},
	"CURP": {{
		"MEX", anyCountry, person,
		form{4, "++++++++++++++++++"},
		form{18, "AAAA999999AAAAAA*9"},
		"a CURP has 4 letters, 6 digits, 6 letters, a letter or digit and a check digit",
		curp, meaningful,
	}},
	"RUT": {ofChile, {"URY", ownCountryOnly, anyHolder, form{2, "999999999999"}, form{12, "999999999999"}, "a RUT has 12 digits", rutUruguay, meaningless}},
	"RUN": {ofChile},
	// Old cards have fewer digits than the 5 of Conomy's table, and there is no check digit to tell.
	"CED_CIU": {{"COL", anyCountry, person, form{2, "999999999999"}, form{1, "999999999999"}, "a citizen's card has up to 12 digits", nil, meaningless}},
	"CED_EXT": {{"COL", anyCountry, person, form{2, "************"}, form{1, "************"}, "a foreigner's card has up to 12 letters and digits", nil, meaningless}},
	// Natural persons have one (Estatuto Tributario, article 555-1; blog.ucc.edu.co, read 2026-11-22). Bolivia, Guatemala and
	// El Salvador have a NIT too.
	"NIT": {{
		"COL", ownOrUnknownCountry, anyHolder,
		form{2, "9999999999999999"},
		form{2, "9999999999999999"},
		"a NIT has up to 15 digits and a check digit", nit, meaningless,
	}},
	"DNI": { // Spain and Honduras have a DNI
		{"PER", ownOrUnknownCountry, person, form{2, "+++++++++"}, form{8, "*********"}, dniPeruReason, dniPeru, meaningful},
		{"ARG", ownOrUnknownCountry, person, form{2, "+++++++++"}, form{1, "99999999"}, "a DNI has up to 8 digits", nil, meaningless}, // old ones have fewer than 7
	},
	// Sources give 9 digits or up to 12 letters and digits (renovarpapeles.com, read 2026-12-01). Colombia has a CE.
	"CE": {{"PER", ownOrUnknownCountry, person, form{2, "++++++++++++"}, form{4, "************"}, "a foreigner's card has 4 to 12 letters and digits", nil, meaningless}},
	"RUC": { // Panama and Nicaragua have a RUC
		{"PER", ownOrUnknownCountry, anyHolder, form{2, "99999999999"}, form{11, "99999999999"}, "a RUC has 11 digits", rucPeru, meaningless},
		{"ECU", ownCountryOnly, anyHolder, form{2, "9999999999999"}, form{13, "9999999999999"}, "a RUC has 13 digits", rucEcuador, meaningless},
		{"PRY", ownCountryOnly, anyHolder, form{2, "*********9"}, form{2, "********9"}, "a RUC has up to 8 digits or letters and a check digit", rucParaguay, meaningless},
	},
	"CUIL": {{"ARG", anyCountry, person, form{2, "99999999999"}, form{11, "99999999999"}, "a CUIT or CUIL has 11 digits", cuit, meaningless}},
	// It identifies natural and legal persons (es.wikipedia.org on the CUIT, read 2026-12-01).
	"CUIT": {{"ARG", anyCountry, anyHolder, form{2, "99999999999"}, form{11, "99999999999"}, "a CUIT or CUIL has 11 digits", cuit, meaningless}},

	// Not in Conomy's table.
	"CPF": {{"BRA", anyCountry, person, form{2, "99999999999"}, form{11, "99999999999"}, "a CPF has 11 digits", cpf, meaningless}},
	"CNPJ": {
		{"BRA", anyCountry, company, form{2, "++++++++++++++"}, form{14, "************99"}, "a CNPJ has 12 letters or digits and two check digits", cnpj, meaningful},
	},
	"CI": { // Bolivia, Paraguay and Venezuela have a CI
		{"URY", ownCountryOnly, person, form{2, "99999999"}, form{2, "99999999"}, "a CI has up to 7 digits and a check digit", ciUruguay, meaningless},
		{"ECU", ownCountryOnly, person, form{2, "9999999999"}, form{10, "9999999999"}, "a CI has 10 digits", ciEcuador, meaningless},
	},
	"RIF": {{"VEN", anyCountry, anyHolder, form{2, "++++++++++"}, form{10, "A999999999"}, "a RIF has a letter and 9 digits", rif, meaningless}},
	"CEDULA": {{"DOM", ownCountryOnly, person, form{2, "99999999999"}, // half of Latin America has one
		form{11, "99999999999"}, "a cedula has 11 digits", cedulaDominicana, meaningless}},
	// A person's RNC is the cedula: odoo/odoo issue 224507, read 2026-11-22. Its zeros tell it from the RNC of a company.
	"RNC": {{"DOM", anyCountry, anyHolder, form{2, "99999999999"}, form{9, "99999999999"}, "an RNC has 9 digits, or the 11 of a cedula", rnc, meaningful}},
}

// ofChile is the RUT of Chile's tax authority, which for a person is the RUN of the civil registry. No law names a least
// length, and people with fewer than 7 digits are alive (freshworkstudio/ChileanBundle issue 11, read 2026-11-22).
var ofChile = rule{
	"CHL", ownOrUnknownCountry, anyHolder, form{2, "99999999K"}, // Conomy's own examples: 123125, 77123126-K
	form{2, "99999999K"}, "a RUT has up to 8 digits and a check digit or K", rut, meaningless,
}

// rulesFor returns the rules that apply to a number, none if the name means a document
// without a rule in that country.
func rulesFor(kind, country string) []rule {
	list := rules[typeName(kind)]
	own := slices.IndexFunc(list, func(r rule) bool { return r.country == country })
	if own >= 0 {
		return list[own : own+1]
	}
	least := ownOrUnknownCountry
	if country != "" {
		least = anyCountry
	}
	end := slices.IndexFunc(list, func(r rule) bool { return r.scope < least })
	if end >= 0 {
		return list[:end]
	}
	return list
}

// check returns the result for a compact number.
func (r rule) check(number string) Result {
	number = r.fit(number)
	if !r.strict.matches(number) {
		return Result{Invalid, r.reason}
	}
	if r.formula == nil {
		return Result{Unchecked, "this type of document has no check digit"}
	}
	return r.formula(number)
}
