// The checks of national numbers by country, for `personal.detectors`; the sums stand in `check-digits-*.ts`, each with its source.
import type { Check } from '../../core/plugin/index.ts'
import { brCnpj, brCpf, caSin, mxClabe, mxCurp, mxRfc, usAba, usDea, usNpi } from './check-digits-americas.ts'
import {
  cnCreditCode,
  cnResidentId,
  inAadhaar,
  inGstin,
  jpCorporate,
  jpMyNumber,
  krBusiness,
  krForeigner,
  krResident,
  phTin,
  sgNric,
  sgUen,
  thNationalId,
} from './check-digits-asia.ts'
import {
  chAhv,
  chUid,
  deDocument,
  deHealthInsurance,
  deIdCard,
  deLanr,
  deSocialSecurity,
  deTaxId,
  deVat,
  plIdCard,
  plNip,
  plPesel,
  plRegon,
  trNationalId,
  trTaxNumber,
} from './check-digits-central.ts'
import { base58Check, bech32, ethereumAddress } from './check-digits-crypto.ts'
import { luhnOf } from './check-digits-families.ts'
import {
  dkCpr,
  dkCvr,
  fiHetu,
  fiYtunnus,
  iePpsn,
  nlBsn,
  noAccount,
  noFodselsnummer,
  noOrganisasjonsnummer,
  seOrganisationsnummer,
  sePersonnummer,
  ukNhs,
  ukNino,
  ukPostcode,
  ukUtr,
} from './check-digits-north.ts'
import { auAbn, auAcn, auMedicare, auTfn, ngNin, zaId } from './check-digits-south-world.ts'
import {
  esCif,
  esNif,
  frNir,
  frSiren,
  frTaxNumber,
  frVat,
  itFiscalCode,
  itVat,
  ptCitizenCard,
  ptNif,
  ptNiss,
} from './check-digits-south.ts'

const check = (name: string, doc: string, test: (match: string) => boolean): Check => ({ name, doc, test })

const northernEurope: readonly Check[] = [
  check('uk_nhs', 'NHS number: modulo 11 over ten digits.', ukNhs),
  check('uk_nino', 'National insurance number: letters and a prefix that are given.', ukNino),
  check('uk_postcode', 'A postcode whose area exists.', ukPostcode),
  check('uk_utr', 'Unique Taxpayer Reference: the first of ten digits checks the others.', ukUtr),
  check('ie_ppsn', 'Irish PPS number: modulo 23 gives the letter.', iePpsn),
  check('nl_bsn', 'Burgerservicenummer: the elfproef over nine digits.', nlBsn),
  check('se_personnummer', 'Personnummer or samordningsnummer: a date, and Luhn over the last ten digits.', sePersonnummer),
  check('se_organisationsnummer', 'Organisationsnummer: Luhn over ten digits that are no date.', seOrganisationsnummer),
  check('no_fodselsnummer', 'Fødselsnummer or D-nummer: a date and two check digits modulo 11.', noFodselsnummer),
  check('no_organisasjonsnummer', 'Norwegian organisation number: modulo 11 over nine digits.', noOrganisasjonsnummer),
  check('no_account', 'Norwegian account number: modulo 11 over eleven digits.', noAccount),
  check('dk_cpr', 'CPR number: its first six digits are a date; it has no check digit since 2007.', dkCpr),
  check('dk_cvr', 'CVR number: modulo 11 over eight digits.', dkCvr),
  check('fi_hetu', 'Henkilötunnus: a date, and a check character modulo 31.', fiHetu),
  check('fi_ytunnus', 'Y-tunnus: modulo 11 over eight digits.', fiYtunnus),
]

const centralEurope: readonly Check[] = [
  check('de_tax_id', 'Steuer-Identifikationsnummer: ISO/IEC 7064 MOD 11,10 over eleven digits.', deTaxId),
  check('de_vat', 'Umsatzsteuer-Identifikationsnummer: ISO/IEC 7064 MOD 11,10 over nine digits.', deVat),
  check('de_document', 'Serial number of a German passport or identity card, with the check digit of ICAO 9303.', deDocument),
  check('de_id_card', 'The same, or `T` and eight digits, whose check digit is printed apart.', deIdCard),
  check('de_health_insurance', 'Krankenversichertennummer: a letter and nine digits, modulo 10.', deHealthInsurance),
  check('de_social_security', 'Rentenversicherungsnummer: area, date of birth, letter, and a check digit.', deSocialSecurity),
  check('de_lanr', 'Lebenslange Arztnummer: weights 4 and 9 over six digits.', deLanr),
  check('ch_ahv', 'AHV number: 756 and the check digit of EAN-13.', chAhv),
  check('ch_uid', 'Swiss company number: modulo 11 over nine digits.', chUid),
  check('pl_pesel', 'PESEL: a date, and weights 1, 3, 7, 9 modulo 10.', plPesel),
  check('pl_nip', 'NIP: modulo 11 over ten digits.', plNip),
  check('pl_regon', 'REGON: modulo 11 over nine or fourteen digits.', plRegon),
  check('pl_id_card', 'Polish identity card: three letters and six digits, weights 7, 3, 1.', plIdCard),
  check('tr_national_id', 'T.C. kimlik numarası: two check digits over eleven.', trNationalId),
  check('tr_tax_number', 'Vergi kimlik numarası: a check digit over ten.', trTaxNumber),
]

const southernEurope: readonly Check[] = [
  check('es_nif', 'DNI, NIF or NIE: the number modulo 23 names the letter.', esNif),
  check('es_cif', 'NIF of a Spanish company: Luhn over seven digits.', esCif),
  check('fr_nir', 'French social security number: a key modulo 97, Corsica included.', frNir),
  check('fr_tax_number', 'French tax number: thirteen digits modulo 511.', frTaxNumber),
  check('fr_siren', 'SIREN or SIRET: Luhn over nine or fourteen digits.', frSiren),
  check('fr_vat', 'French VAT number: a key of the SIREN modulo 97.', frVat),
  check('it_fiscal_code', 'Codice fiscale: a date and a check letter; letters may stand for digits.', itFiscalCode),
  check('it_vat', 'Partita IVA: Luhn over eleven digits.', itVat),
  check('pt_nif', 'Portuguese NIF: modulo 11 over nine digits.', ptNif),
  check('pt_citizen_card', 'Cartão de Cidadão: Luhn over twelve digits and letters.', ptCitizenCard),
  check('pt_niss', 'NISS: prime weights over eleven digits.', ptNiss),
]

const americas: readonly Check[] = [
  check('us_aba', 'ABA routing number: a prefix of the Federal Reserve, and weights 3, 7, 1.', usAba),
  check('us_npi', 'National Provider Identifier: Luhn behind 80840.', usNpi),
  check('us_dea', 'DEA registration: two letters, six digits and a check digit.', usDea),
  check('ca_sin', 'Social Insurance Number: Luhn over nine digits.', caSin),
  check('br_cpf', 'CPF: two check digits modulo 11.', brCpf),
  check('br_cnpj', 'CNPJ: two check digits modulo 11, letters included.', brCnpj),
  check('mx_curp', 'CURP: a date and a check digit.', mxCurp),
  check('mx_rfc', 'RFC: a date and a check character modulo 11.', mxRfc),
  check('luhn_eleven', 'Eleven digits that pass the Luhn formula, not all the same.', luhnOf(11)),
  check('mx_clabe', 'CLABE: weights 3, 7, 1 over eighteen digits.', mxClabe),
]

const asia: readonly Check[] = [
  check('cn_resident_id', 'Chinese resident identity number: a date, and ISO/IEC 7064 MOD 11-2.', cnResidentId),
  check('cn_credit_code', 'Unified social credit code: modulo 31.', cnCreditCode),
  check('in_aadhaar', 'Aadhaar: Verhoeff over twelve digits.', inAadhaar),
  check('in_gstin', 'GSTIN: a Luhn modulo 36 character.', inGstin),
  check('jp_my_number', 'My Number: modulo 11 over twelve digits.', jpMyNumber),
  check('jp_corporate', 'Japanese corporate number: modulo 9 over thirteen digits.', jpCorporate),
  check('kr_resident', 'Korean resident registration number: a date and the digit of a citizen.', krResident),
  check('kr_foreigner', 'Korean foreigner registration number: a date and the digit of a foreigner.', krForeigner),
  check('kr_business', 'Korean business registration number: a check digit over ten.', krBusiness),
  check('sg_nric', 'NRIC or FIN: modulo 11 gives the letter.', sgNric),
  check('sg_uen', 'Unique Entity Number: a check letter, of each of its three forms.', sgUen),
  check('th_national_id', 'Thai identity number: modulo 11, and a province that exists.', thNationalId),
  check('ph_tin', 'Philippine taxpayer number: modulo 11 over nine digits.', phTin),
]

const oceaniaAndAfrica: readonly Check[] = [
  check('au_tfn', 'Tax File Number: modulo 11 over nine digits.', auTfn),
  check('au_abn', 'Australian Business Number: modulo 89.', auAbn),
  check('au_acn', 'Australian Company Number: modulo 10.', auAcn),
  check('au_medicare', 'Medicare card number: a check digit behind eight digits.', auMedicare),
  check('za_id', 'South African identity number: a date and Luhn.', zaId),
  check('ng_nin', 'Nigerian NIN: Verhoeff over eleven digits.', ngNin),
]

const chains: readonly Check[] = [
  check('base58_check', 'Base58Check of 25 bytes: four bytes of a double SHA-256.', base58Check),
  check('bech32', 'Bech32 (BIP 173) or Bech32m (BIP 350).', bech32),
  check('ethereum_address', 'Forty hex digits in one case, or in the case that EIP-55 asks for.', ethereumAddress),
]

export const identityChecks: readonly Check[] = [
  ...northernEurope,
  ...centralEurope,
  ...southernEurope,
  ...americas,
  ...asia,
  ...oceaniaAndAfrica,
  ...chains,
]
