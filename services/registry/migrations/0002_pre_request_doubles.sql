-- A request looks for its doubles by index: the cost of asking to be listed does not grow with those who asked.
DROP INDEX listing_request_numbers;
CREATE INDEX listing_request_rna ON listing_request (rna) WHERE rna IS NOT NULL;
CREATE INDEX listing_request_siret ON listing_request (siret) WHERE siret IS NOT NULL;
CREATE INDEX listing_request_same_name ON listing_request (folded(name))
    WHERE status IN ('requested', 'in_review', 'information_asked');
CREATE INDEX listing_request_domain ON listing_request (split_part(contact_email, '@', 2))
    WHERE status IN ('requested', 'in_review', 'information_asked');
