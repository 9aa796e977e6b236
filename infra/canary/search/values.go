package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// members are those whose texts are a person's.
var members = regexp.MustCompile(`(?i)^(name|nickname|last_?name|first_?name|other_?names|organization_?name|(pending)?email(_?address)?|(pending)?phone(_?number)?|` +
	`documentNumber|birthDate|dob|street|accountNumber|accountHolder(Dni)?|optionalAddress|code|idv)$`)

// canaries are what tests send to be found wherever it should not be.
var canaries = []string{
	"juana.canaria", "juana.canaria.qzxv", "Canaria.Qzxv", "canaria", "736155281904", "juan.canary@example.com", "CanaryName", "CanaryMeta",
	"CanaryIDV", "CanaryAgent", "CanaryPath", "canary@example.com", "CANARY1", "martina@example.com", "+56912345678", "56912345678",
}

// personal are the values of the tests' requests and answers: sample events,
// golden files, seeds of fuzz targets, and the canaries.
func personal(root string) ([]string, error) {
	found := make(map[string]bool)
	for _, c := range canaries {
		found[c] = true
	}
	for _, pattern := range []string{"events/*.json", "shared/*/testdata/*.golden", "shared/*/testdata/fuzz/*/*"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			return nil, fmt.Errorf("canary: no files %s: %w", pattern, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, fmt.Errorf("canary: %w", err)
			}
			collect(text, found)
		}
	}
	var values []string
	for v := range found {
		if fit(v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	return values, nil
}

// object finds where JSON may begin in a file of another kind.
var object = regexp.MustCompile(`\{\\?"`)

// collect reads every JSON object in a text, also one that is quoted in it.
func collect(text []byte, into map[string]bool) {
	text = bytes.ReplaceAll(text, []byte(`\"`), []byte(`"`))
	for _, at := range object.FindAllIndex(text, -1) {
		var all map[string]json.RawMessage
		if json.NewDecoder(bytes.NewReader(text[at[0]:])).Decode(&all) != nil {
			continue
		}
		for name, value := range all {
			var s string
			if members.MatchString(name) && json.Unmarshal(value, &s) == nil {
				into[s] = true
			}
		}
	}
}

// ordinary are values that our own words hold, or that say nothing of anybody.
var ordinary = map[string]bool{
	"create": true, "update": true, "client": true, "request": true, "identity": true, "000000": true,
}

// fit leaves out what is too short to be told from other text or from figures, and
// what an error's code may be.
func fit(value string) bool {
	letters := 0
	for _, c := range value {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			letters++
		}
	}
	if strings.Trim(value, "0123456789") == "" {
		return letters >= 8 // fewer may be a duration
	}
	return letters >= 5 && !ordinary[strings.ToLower(value)] && !regexp.MustCompile(`^[A-Z]{3,4}_[A-Z_]+$`).MatchString(value)
}
