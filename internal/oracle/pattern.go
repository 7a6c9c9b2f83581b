package oracle

import (
	"regexp"
	"strings"
)

// like is SQL's LIKE: % is any text, _ any character, a backslash takes what follows as it is.
func like(text, pattern string, fold bool) bool {
	var out strings.Builder
	for runes := []rune(pattern); len(runes) > 0; runes = runes[1:] {
		switch runes[0] {
		case '%':
			out.WriteString(".*")
		case '_':
			out.WriteByte('.')
		default:
			if runes[0] == '\\' && len(runes) > 1 {
				runes = runes[1:]
			}
			out.WriteString(regexp.QuoteMeta(string(runes[0])))
		}
	}
	return regex(text, "^(?:"+out.String()+")$", fold)
}

// similar is SQL's SIMILAR TO: LIKE's wildcards beside the quantifiers, groups and classes of regular expressions.
func similar(text, pattern string, fold bool) bool {
	var out strings.Builder
	for _, r := range pattern {
		switch r {
		case '%':
			out.WriteString(".*")
		case '_':
			out.WriteByte('.')
		case '.', '^', '$':
			out.WriteString(`\` + string(r))
		default:
			out.WriteRune(r)
		}
	}
	return regex(text, "^(?:"+out.String()+")$", fold)
}

// regex takes what Postgres and Go mean by the same pattern.
func regex(text, pattern string, fold bool) bool {
	flags := "(?s)"
	if fold {
		flags = "(?si)"
	}
	return regexp.MustCompile(flags + pattern).MatchString(text)
}
