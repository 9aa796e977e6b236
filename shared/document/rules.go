package document

// rule is one type of document of one country.
type rule struct {
	kind, country string
	reach         reach
	holder        holder
	loose         loose
	check         func(compact string) Result
}

// reach says which countries, besides its own, a rule stands for.
type reach uint8

const (
	local      reach = iota // none: elsewhere the name means another document
	home                    // an unknown one: the document that Conomy means by the name
	everywhere              // any: no other document has the name, whoever carries it
)

type holder uint8

const (
	either holder = iota
	person
	company
)

// rules has the rows of a kind together, and those of a wide reach first.
var rules = [...]rule{
	{"PASSPORT", "", everywhere, either, loose{letters, 5, 20}, passport},
	{"RFC", "MEX", everywhere, company, loose{letters, 4, 13}, rfc}, // persons have one too: Conomy takes their CURP
	{"CURP", "MEX", everywhere, person, loose{letters, 4, 18}, curp},
	{"RUT", "CHL", home, either, loose{digitsOrK, 2, 9}, rut}, // Conomy's own examples: 123125, 77123126-K
	{"RUT", "URY", local, either, loose{digits, 2, 12}, rutUruguay},
	{"CED_CIU", "COL", everywhere, person, loose{digits, 2, 12}, cedulaColombia},
	{"CED_EXT", "COL", everywhere, person, loose{digits, 2, 12}, cedulaExtranjeria},
	{"NIT", "COL", home, company, loose{digits, 2, 16}, nit},    // Bolivia, Guatemala and El Salvador have a NIT
	{"DNI", "PER", home, person, loose{letters, 2, 9}, dniPeru}, // Spain and Honduras have a DNI
	{"DNI", "ARG", home, person, loose{letters, 2, 9}, dniArgentina},
	{"CE", "PER", home, person, loose{letters, 2, 12}, carneExtranjeria}, // Colombia has a CE
	{"RUC", "PER", home, either, loose{digits, 2, 11}, rucPeru},          // Panama and Nicaragua have a RUC
	{"RUC", "ECU", local, either, loose{digits, 2, 13}, rucEcuador},
	{"RUC", "PRY", local, either, loose{digits, 2, 10}, rucParaguay},
	{"CUIL", "ARG", everywhere, person, loose{digits, 2, 11}, cuit},
	{"CUIT", "ARG", everywhere, company, loose{digits, 2, 11}, cuit},

	// Not in Conomy's table.
	{"CPF", "BRA", everywhere, person, loose{digits, 2, 11}, cpf},
	{"CNPJ", "BRA", everywhere, company, loose{letters, 2, 14}, cnpj},
	{"CI", "URY", local, person, loose{digits, 2, 8}, ciUruguay}, // Bolivia, Paraguay and Venezuela have a CI
	{"CI", "ECU", local, person, loose{digits, 2, 10}, ciEcuador},
	{"RIF", "VEN", everywhere, either, loose{letters, 2, 10}, rif},
	{"CEDULA", "DOM", local, person, loose{digits, 2, 11}, cedulaDominicana}, // half of Latin America has one
	{"RNC", "DOM", everywhere, company, loose{digits, 2, 11}, rnc},
}

// rulesFor is what a number of the kind is to be held against, which is nothing
// where the name means a document that has no rule here. known tells whether
// the name has a rule anywhere.
func rulesFor(kind, country string) (list []rule, known bool) {
	list = ofKind(kind)
	known = len(list) > 0
	for i := range list {
		if list[i].country == country {
			return list[i : i+1], known
		}
	}
	wanted := home
	if country != "" {
		wanted = everywhere
	}
	n := 0
	for n < len(list) && list[n].reach >= wanted {
		n++
	}
	return list[:n], known
}

func ofKind(kind string) []rule {
	first := 0
	for first < len(rules) && rules[first].kind != kind {
		first++
	}
	end := first
	for end < len(rules) && rules[end].kind == kind {
		end++
	}
	return rules[first:end]
}
