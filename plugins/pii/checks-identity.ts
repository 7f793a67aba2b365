// The checks of national numbers by country, for `personal.detectors`; the sums stand in `check-digits-*.ts`, each with its source.
import type { Check } from '../../core/plugin/index.ts'
import * as american from './check-digits-americas.ts'
import * as asian from './check-digits-asia.ts'
import * as central from './check-digits-central.ts'
import * as wallets from './check-digits-crypto.ts'
import { luhnOf } from './check-digits-families.ts'
import * as northern from './check-digits-north.ts'
import * as world from './check-digits-south-world.ts'
import * as southern from './check-digits-south.ts'

const check = (name: string, doc: string, test: (match: string) => boolean): Check => ({ name, doc, test })

const northernEurope: readonly Check[] = [
  check('uk_nhs', 'NHS number: modulo 11 over ten digits.', northern.ukNhs),
  check('uk_nino', 'National insurance number: letters and a prefix that are given.', northern.ukNino),
  check('uk_postcode', 'A postcode whose area exists.', northern.ukPostcode),
  check('uk_utr', 'Unique Taxpayer Reference: the first of ten digits checks the others.', northern.ukUtr),
  check('ie_ppsn', 'Irish PPS number: modulo 23 gives the letter.', northern.iePpsn),
  check('nl_bsn', 'Burgerservicenummer: the elfproef over nine digits.', northern.nlBsn),
  check('se_personnummer', 'Personnummer or samordningsnummer: a date, and Luhn over the last ten digits.', northern.sePersonnummer),
  check('se_organisationsnummer', 'Organisationsnummer: Luhn over ten digits that are no date.', northern.seOrganisationsnummer),
  check('no_fodselsnummer', 'Fødselsnummer or D-nummer: a date and two check digits modulo 11.', northern.noFodselsnummer),
  check('no_organisasjonsnummer', 'Norwegian organisation number: modulo 11 over nine digits.', northern.noOrganisasjonsnummer),
  check('no_account', 'Norwegian account number: modulo 11 over eleven digits.', northern.noAccount),
  check('dk_cpr', 'CPR number: its first six digits are a date; it has no check digit since 2007.', northern.dkCpr),
  check('dk_cvr', 'CVR number: modulo 11 over eight digits.', northern.dkCvr),
  check('fi_hetu', 'Henkilötunnus: a date, and a check character modulo 31.', northern.fiHetu),
  check('fi_ytunnus', 'Y-tunnus: modulo 11 over eight digits.', northern.fiYtunnus),
]

const centralEurope: readonly Check[] = [
  check('de_tax_id', 'Steuer-Identifikationsnummer: ISO/IEC 7064 MOD 11,10 over eleven digits.', central.deTaxId),
  check('de_vat', 'Umsatzsteuer-Identifikationsnummer: ISO/IEC 7064 MOD 11,10 over nine digits.', central.deVat),
  check('de_document', 'Serial number of a German passport or identity card, with the check digit of ICAO 9303.', central.deDocument),
  check('de_id_card', 'The same, or `T` and eight digits, whose check digit is printed apart.', central.deIdCard),
  check('de_health_insurance', 'Krankenversichertennummer: a letter and nine digits, modulo 10.', central.deHealthInsurance),
  check('de_social_security', 'Rentenversicherungsnummer: area, date of birth, letter, and a check digit.', central.deSocialSecurity),
  check('de_lanr', 'Lebenslange Arztnummer: weights 4 and 9 over six digits.', central.deLanr),
  check('ch_ahv', 'AHV number: 756 and the check digit of EAN-13.', central.chAhv),
  check('ch_uid', 'Swiss company number: modulo 11 over nine digits.', central.chUid),
  check('pl_pesel', 'PESEL: a date, and weights 1, 3, 7, 9 modulo 10.', central.plPesel),
  check('pl_nip', 'NIP: modulo 11 over ten digits.', central.plNip),
  check('pl_regon', 'REGON: modulo 11 over nine or fourteen digits.', central.plRegon),
  check('pl_id_card', 'Polish identity card: three letters and six digits, weights 7, 3, 1.', central.plIdCard),
  check('tr_national_id', 'T.C. kimlik numarası: two check digits over eleven.', central.trNationalId),
  check('tr_tax_number', 'Vergi kimlik numarası: a check digit over ten.', central.trTaxNumber),
]

const southernEurope: readonly Check[] = [
  check('es_nif', 'DNI, NIF or NIE: the number modulo 23 names the letter.', southern.esNif),
  check('es_cif', 'NIF of a Spanish company: Luhn over seven digits.', southern.esCif),
  check('fr_nir', 'French social security number: a key modulo 97, Corsica included.', southern.frNir),
  check('fr_tax_number', 'French tax number: thirteen digits modulo 511.', southern.frTaxNumber),
  check('fr_siren', 'SIREN or SIRET: Luhn over nine or fourteen digits.', southern.frSiren),
  check('fr_vat', 'French VAT number: a key of the SIREN modulo 97.', southern.frVat),
  check('it_fiscal_code', 'Codice fiscale: a date and a check letter; letters may stand for digits.', southern.itFiscalCode),
  check('it_vat', 'Partita IVA: Luhn over eleven digits.', southern.itVat),
  check('pt_nif', 'Portuguese NIF: modulo 11 over nine digits.', southern.ptNif),
  check('pt_citizen_card', 'Cartão de Cidadão: Luhn over twelve digits and letters.', southern.ptCitizenCard),
  check('pt_niss', 'NISS: prime weights over eleven digits.', southern.ptNiss),
]

const americas: readonly Check[] = [
  check('us_aba', 'ABA routing number: a prefix of the Federal Reserve, and weights 3, 7, 1.', american.usAba),
  check('us_npi', 'National Provider Identifier: Luhn behind 80840.', american.usNpi),
  check('us_dea', 'DEA registration: two letters, six digits and a check digit.', american.usDea),
  check('ca_sin', 'Social Insurance Number: Luhn over nine digits.', american.caSin),
  check('br_cpf', 'CPF: two check digits modulo 11.', american.brCpf),
  check('br_cnpj', 'CNPJ: two check digits modulo 11, letters included.', american.brCnpj),
  check('mx_curp', 'CURP: a date and a check digit.', american.mxCurp),
  check('mx_rfc', 'RFC: a date and a check character modulo 11.', american.mxRfc),
  check('luhn_eleven', 'Eleven digits that pass the Luhn formula, not all the same.', luhnOf(11)),
  check('mx_clabe', 'CLABE: weights 3, 7, 1 over eighteen digits.', american.mxClabe),
]

const asia: readonly Check[] = [
  check('cn_resident_id', 'Chinese resident identity number: a date, and ISO/IEC 7064 MOD 11-2.', asian.cnResidentId),
  check('cn_credit_code', 'Unified social credit code: modulo 31.', asian.cnCreditCode),
  check('in_aadhaar', 'Aadhaar: Verhoeff over twelve digits.', asian.inAadhaar),
  check('in_gstin', 'GSTIN: a Luhn modulo 36 character.', asian.inGstin),
  check('jp_my_number', 'My Number: modulo 11 over twelve digits.', asian.jpMyNumber),
  check('jp_corporate', 'Japanese corporate number: modulo 9 over thirteen digits.', asian.jpCorporate),
  check('kr_resident', 'Korean resident registration number: a date and the digit of a citizen.', asian.krResident),
  check('kr_foreigner', 'Korean foreigner registration number: a date and the digit of a foreigner.', asian.krForeigner),
  check('kr_business', 'Korean business registration number: a check digit over ten.', asian.krBusiness),
  check('sg_nric', 'NRIC or FIN: modulo 11 gives the letter.', asian.sgNric),
  check('sg_uen', 'Unique Entity Number: a check letter, of each of its three forms.', asian.sgUen),
  check('th_national_id', 'Thai identity number: modulo 11, and a province that exists.', asian.thNationalId),
  check('ph_tin', 'Philippine taxpayer number: modulo 11 over nine digits.', asian.phTin),
]

const oceaniaAndAfrica: readonly Check[] = [
  check('au_tfn', 'Tax File Number: modulo 11 over nine digits.', world.auTfn),
  check('au_abn', 'Australian Business Number: modulo 89.', world.auAbn),
  check('au_acn', 'Australian Company Number: modulo 10.', world.auAcn),
  check('au_medicare', 'Medicare card number: a check digit behind eight digits.', world.auMedicare),
  check('za_id', 'South African identity number: a date and Luhn.', world.zaId),
  check('ng_nin', 'Nigerian NIN: Verhoeff over eleven digits.', world.ngNin),
]

const chains: readonly Check[] = [
  check('base58_check', 'Base58Check of 25 bytes: four bytes of a double SHA-256.', wallets.base58Check),
  check('bech32', 'Bech32 (BIP 173) or Bech32m (BIP 350).', wallets.bech32),
  check('ethereum_address', 'Forty hex digits in one case, or in the case that EIP-55 asks for.', wallets.ethereumAddress),
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
